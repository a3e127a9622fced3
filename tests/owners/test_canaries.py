"""What a caller sends in confidence stays nowhere (R63, R65): canaries through the real edge, then a search."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import structlog
from prometheus_client import generate_latest

from app.database import transaction
from app.logs import configure_logs
from app.metrics.instruments import REGISTRY
from app.resources import Resources
from tests.audit.reading import everything
from tests.factories import make_connection
from tests.owners.callers import person, verified_api
from tests.owners.identity_provider import IdentityProvider
from tests.stand_in import StandIn
from worker.job import Runner

CPF = "52998224725"
CANARIES = ("canary-password", "canary-code", "canary-query", "canary-key", "canary-state", CPF, "529.982.247-25")
RANDOM = re.compile(r"\\x[0-9a-f]{40,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Sealed bytes in hexadecimal, and ids: seven digits of an account stand in them by chance now and then. What leaks in
plain shows in the text of the same columns."""


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
    superuser_url: str,
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
        "database": await everything(superuser_url),
    }
    found = {
        (name, canary) for name, text in places.items() for canary in (*CANARIES, token, token[-20:]) if canary in text
    }
    assert found == set()
    assert len(answers) == 9
    assert "request_answered" in places["logs"]


PRIVATE = {"number", "transferNumber", "taxNumber", "accountNumber", "document", "value"}
"""Fields of Pluggy's that hold numbers of accounts and documents of people and companies."""


def private_values(found: Any) -> Iterator[str]:
    """Those values wherever they stand, as they are written and as bare letters and digits."""
    for name, value in found.items() if isinstance(found, dict) else ():
        bare = re.sub(r"[^0-9A-Za-z]", "", value) if isinstance(value, str) else ""
        if name in PRIVATE and len(bare) > 5:
            yield from (value, bare)
    for inner in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from private_values(inner)


async def test_numbers_of_accounts_and_documents_leave_a_sync_sealed_or_not_at_all(
    client: httpx.AsyncClient,
    resources: Resources,
    runner: Runner,
    stand_in: StandIn,
    owner_id: UUID,
    superuser_url: str,
    log: io.StringIO,
) -> None:
    """R64, R65: neither logs, errors, metrics, events, Redis nor plain columns show them, in good runs and bad ones."""
    item_id = await stand_in.make_item(owner_id)
    accounts = (await stand_in.api("GET", "/accounts", itemId=str(item_id)))["results"]
    pages = [await stand_in.api("GET", "/v2/transactions", accountId=each["id"]) for each in accounts]
    identity = await stand_in.api("GET", "/identity", itemId=str(item_id))
    canaries = set(private_values([accounts, pages, identity]))
    root = "/api/banking/"

    made = await client.post(f"{root}connections/create_from_item/", json={"item_id": str(item_id)})
    await runner.settle()
    for path in ("/accounts", "/v2/transactions"):
        await stand_in.control("POST", "/faults", {"path": path, "kind": "malformed", "remaining": 2})
        await client.post(f"{root}connections/{made.json()['id']}/sync/", json={"refresh": False})
        await runner.settle()
    paths = ("accounts/", "transactions/?limit=500", "events/?limit=500", f"transactions/?q={min(canaries)}")
    answers = [await client.get(root + path) for path in paths]

    redis = [await resources.redis.dump(name) for name in await resources.redis.keys()]
    places = {
        "logs": log.getvalue(),
        "answers": "".join(answer.text for answer in answers),
        "metrics": generate_latest(REGISTRY).decode(),
        "redis": str(await resources.redis.keys()) + str(redis),
        "database": RANDOM.sub("", await everything(superuser_url)),
    }
    assert {(place, each) for place, text in places.items() for each in canaries if each in text} == set()
    assert len(canaries) > 10, canaries
    assert json.loads(answers[1].text)["results"]
    assert "sync_finished" in places["logs"]
    assert "banking_pluggy_calls_total" in places["metrics"]
