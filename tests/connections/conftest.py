"""The service before a served stand-in, that looks at what it watches often."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from uuid import UUID

import asyncpg
import httpx
import pytest

from app.connectors import catalogue
from app.logs import configure_logs
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from app.settings import Settings
from app.tables import metadata
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.connections.person import Person
from tests.http_support import KnownCaller, make_settings, running_api
from tests.servers import ServerUrls
from tests.stand_in import StandIn
from worker.job import Runner


@pytest.fixture(scope="session")
def settings(server_urls: ServerUrls, database_name: str, valkey_url: str, stand_in_port: int) -> Settings:
    """The service as it stands before the stand-in."""
    return make_settings(
        database_url=server_urls.postgres("banking_app", database_name),
        migration_database_url=server_urls.postgres("banking_owner", database_name),
        redis_url=valkey_url,
        connect_page_url=f"http://127.0.0.1:{stand_in_port}/connect",
        oauth_redirect_uris="caixahub://bank/back",
        poll_interval_seconds=0.1,
        pluggy_base_url=f"http://127.0.0.1:{stand_in_port}",
        pluggy_client_id=DEFAULT_CLIENT_ID,
        pluggy_client_secret=DEFAULT_CLIENT_SECRET,
        pluggy_use_sandbox=True,
        pluggy_webhook_secret="a-webhook-secret-of-32-bytes-or-more",
    )


@pytest.fixture
async def person(
    client: httpx.AsyncClient, stand_in: StandIn, runner: Runner, resources: Resources
) -> AsyncIterator[Person]:
    """Somebody with the app and the widget; no bank was ever listed for them."""
    await catalogue.forget()
    yield Person(client, stand_in, runner, resources)
    await catalogue.forget()


@pytest.fixture
async def stranger(resources: Resources, other_owner_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """The API as another owner reaches it."""
    caller = KnownCaller(principal=Principal(other_owner_id, DEFAULT_SCOPES, "person"))
    async with running_api(resources.settings, caller=caller) as (app, http):
        app.state.resources = resources
        http.headers["Authorization"] = "Bearer good"
        yield http


@pytest.fixture
def everything_stored(
    resources: Resources, server_urls: ServerUrls, database_name: str
) -> Callable[[], Awaitable[str]]:
    """All that the service keeps, as text: every row of every table, and every value in Redis."""

    async def read() -> str:
        connection = await asyncpg.connect(server_urls.postgres("postgres", database_name))
        try:
            tables = [await connection.fetch(f"SELECT t::text FROM {each.name} t") for each in metadata.sorted_tables]
        finally:
            await connection.close()
        rows = [row[0] for table in tables for row in table]
        keys = [key async for key in resources.redis.scan_iter()]
        values = [await resources.redis.get(key) for key in keys if await resources.redis.type(key) == b"string"]
        return "\n".join([*rows, *map(str, keys), *map(str, values)])

    return read


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged during the test."""
    stream = io.StringIO()
    configure_logs(make_settings().service, stream=stream)
    yield stream
    configure_logs(make_settings().service)
