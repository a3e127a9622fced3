"""What a caller sends in confidence stays nowhere (R63, R65): canaries through the real edge, then a search."""

import io
import logging
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
import structlog

from app.database import transaction
from app.logs import configure_logs
from app.resources import Resources
from tests.audit.reading import everything
from tests.factories import make_connection
from tests.owners.callers import person, verified_api
from tests.owners.identity_provider import IdentityProvider
from tests.servers import ServerUrls
from tests.stand_in import StandIn

CPF = "52998224725"
CANARIES = ("canary-password", "canary-code", "canary-query", "canary-key", "canary-state", CPF, "529.982.247-25")


@pytest.fixture
def log(resources: Resources) -> Iterator[io.StringIO]:
    """All that this process logs, as production writes it; the set-up before comes back afterwards."""
    root = logging.getLogger()
    handlers, level, config = root.handlers, root.level, structlog.get_config()
    stream = io.StringIO()
    configure_logs(resources.settings.service.model_copy(update={"log_level": "DEBUG"}), stream=stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**config)


async def test_credentials_codes_tokens_and_documents_are_left_nowhere(
    resources: Resources,
    owner_id: UUID,
    server_urls: ServerUrls,
    database_name: str,
    stand_in: StandIn,
    log: io.StringIO,
) -> None:
    provider = IdentityProvider()
    ana = person(provider)
    token = ana["Authorization"].removeprefix("Bearer ")
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
    root = "/api/banking/connections/"
    bodies = {
        f"{root}{connection.id}/update_credentials/": {"parameters": {"user": CPF, "password": "canary-password"}},
        f"{root}{connection.id}/update_mfa/": {"value": "canary-code"},
        f"{root}oauth/": {"connector_id": 612, "parameters": {"cpf": CPF}},
        f"{root}oauth/exchange/": {"state": "canary-state", "code": "canary-code"},
        f"{root}create_from_item/": {"item_id": str(uuid4()), "password": "canary-password", "cpf": "529.982.247-25"},
    }

    async with verified_api(resources, provider) as http:
        answers = [await http.post(path, json=body, headers=ana) for path, body in bodies.items()]
        answers += [
            await http.post(f"{root}{connection.id}/sync/", headers={**ana, "Idempotency-Key": "canary-key"}),
            await http.post(f"{root}oauth/", content=b'{"cpf": "' + CPF.encode(), headers=ana),
            await http.get(f"{root}?cpf={CPF}&q=canary-query", headers=ana),
            await http.get(root, headers={"Authorization": f"Bearer {token}x"}),
        ]

    redis = [await resources.redis.dump(name) for name in await resources.redis.keys()]
    places = {
        "logs": log.getvalue(),
        "answers": "".join(answer.text + str(answer.headers) for answer in answers),
        "redis": str(await resources.redis.keys()) + str(redis),
        "database": await everything(server_urls.postgres("postgres", database_name)),
    }
    found = {
        (name, canary) for name, text in places.items() for canary in (*CANARIES, token, token[-20:]) if canary in text
    }
    assert found == set()
    assert len(answers) == 9
    assert "request_answered" in places["logs"]
