"""What the description promises holds for requests that nobody thought of: generated ones, sound and unsound.

Every check of schemathesis is on: no 5xx, no status, type, header or body that is not described, unsound requests
refused, sound ones taken, no answer without a token. A few requests an operation; `FUZZ_EXAMPLES=100`, which is a case
of `make faults`, sends more, and walks along the bounds of every parameter besides.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis.config import ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from app.database import transaction
from app.main import create_app
from app.owners.principal import SCOPES, Principal
from app.resources import Resources, open_resources
from app.settings import Settings
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.conftest import add_owner
from tests.http_support import KnownCaller, make_settings
from tests.owners import matrix
from tests.sandbox.serving import serving as serving_stand_in
from tests.servers import ServerUrls
from tests.serving import serving

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "5"))
IS_THOROUGH: Final = EXAMPLES > 20
ENDLESS: Final = "stream_events"
"""An answer without an end has no whole to check; tests/events/test_stream.py reads it."""

ROOT: Final = Path(__file__).parent.parent
WHOLE_SECONDS: Final = 900
"""How long a hundred requests for each operation may take on two cores."""

CALLER: Final = {"Authorization": "Bearer good"}
TAKEN: Final = ["2xx", "303", "400", "401", "403", "404", "409", "410", "412", "422"]
"""What a request that fits its schema may be answered with: some rules hold between fields, or with the outer world,
and no schema can say them. Its status must be described all the same."""

KNOWN: dict[str, str] = {}
"""Ids of rows that exist, by the name of their path parameter: else every answer were a 404."""


class Served(NamedTuple):
    """The API on a port."""

    app: FastAPI
    address: str


def _schema() -> Any:
    project = ProjectConfig.from_dict(
        {
            "headers": CALLER,
            "checks": {"positive_data_acceptance": {"expected-statuses": TAKEN}},
            "phases": {"coverage": {"enabled": IS_THOROUGH}, "examples": {"enabled": True}},
        }
    )
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    document = create_app(make_settings()).openapi()
    return schemathesis.openapi.from_dict(document, config=config).exclude(operation_id=ENDLESS)


SCHEMA: Final = _schema()


@pytest.fixture(scope="module")
def served(server_urls: ServerUrls, database_name: str, valkey_url: str) -> Iterator[Served]:
    """The API, and a stand-in behind it, each on a thread."""
    with serving_stand_in("fuzz") as bank:
        given = make_settings(
            database_url=server_urls.postgres("banking_app", database_name),
            redis_url=valkey_url,
            pluggy_base_url=bank,
            pluggy_client_id=DEFAULT_CLIENT_ID,
            pluggy_client_secret=DEFAULT_CLIENT_SECRET,
            pluggy_use_sandbox=True,
            pluggy_webhook_secret="a-webhook-secret-of-32-bytes-or-more",
            **dict.fromkeys(("rate_limit_reads", "rate_limit_writes", "rate_limit_costly", "rate_limit_public"), 0),
        )
        app = create_app(given)
        with serving(app) as address:
            yield Served(app, address)


@pytest.fixture(scope="module")
async def own_resources(served: Served) -> AsyncIterator[Resources]:
    """What the tests put rows in with."""
    settings: Settings = served.app.state.settings
    async with open_resources(settings, statement_ms=10_000) as opened:
        yield opened
        await opened.redis.flushdb()


@pytest.fixture
async def rows(own_resources: Resources, served: Served) -> None:
    """An owner of its own for each operation, who calls, with one row of each kind."""
    sessions = own_resources.sessions
    owner_id = await add_owner(sessions, os.urandom(8).hex())
    async with transaction(sessions, owner_id) as session:
        KNOWN.update({name: str(id_) for name, id_ in (await matrix.make_everything(session, owner_id)).items()})
    KNOWN.update({name: str(value) for name, value in matrix.SHARED.items()})
    served.app.state.authenticator = KnownCaller(principal=Principal(owner_id, SCOPES, "person"))


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_the_description_holds_for_generated_requests(case: Any, served: Served, rows: None) -> None:
    if not case.meta.is_negative_at(ParameterLocation.PATH):
        case.path_parameters = {name: KNOWN.get(name, value) for name, value in (case.path_parameters or {}).items()}
    case.call_and_validate(base_url=served.address, headers=CALLER)


@pytest.mark.faults
def test_the_description_holds_for_a_hundred_requests_an_operation() -> None:
    """All of the above in a session of its own, on both cores and on servers of its own."""
    command = [sys.executable, "-m", "pytest", "tests/test_api_schema.py", "-n", "2", "--tb=short"]
    environment = {**os.environ, "FUZZ_EXAMPLES": "100", "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=WHOLE_SECONDS
    )

    assert done.returncode == 0, done.stdout[-20_000:]
