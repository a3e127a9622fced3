"""An operator at a terminal, before a service that the stand-in can reach."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from app.cli import make_parser, run
from app.resources import Resources
from app.settings import Settings
from sandbox.stack.children import free_port
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.http_support import make_settings
from tests.servers import ServerUrls
from tests.stand_in import StandIn
from tests.webhooks.support import SECRET, served_api

NEXT_SECRET = "the-next-webhook-secret-of-32-bytes-or-more"
Banking = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture(scope="session")
def api_port() -> int:
    """Where the API listens once a test asks for it."""
    return free_port()


@pytest.fixture(scope="session")
def settings(
    server_urls: ServerUrls, database_name: str, valkey_url: str, stand_in_port: int, api_port: int
) -> Settings:
    """The service with an address of its own, in the middle of a change of its webhook's secret."""
    return make_settings(
        database_url=server_urls.postgres("banking_app", database_name),
        migration_database_url=server_urls.postgres("banking_owner", database_name),
        redis_url=valkey_url,
        backend_url=f"http://127.0.0.1:{api_port}",
        pluggy_base_url=f"http://127.0.0.1:{stand_in_port}",
        pluggy_client_id=DEFAULT_CLIENT_ID,
        pluggy_client_secret=DEFAULT_CLIENT_SECRET,
        pluggy_use_sandbox=True,
        pluggy_webhook_secret=SECRET,
        pluggy_webhook_secret_next=NEXT_SECRET,
    )


@pytest.fixture
async def api(resources: Resources, stand_in: StandIn, api_port: int) -> AsyncIterator[str]:
    """The API as a real server at BACKEND_URL."""
    async with served_api(resources.settings, port=api_port) as address:
        yield address


@pytest.fixture
def banking(resources: Resources, capsys: pytest.CaptureFixture[str]) -> Banking:
    """`await banking("webhooks", "list")` returns the exit code and all that was printed."""

    async def command(*words: object, settings: Settings | None = None) -> tuple[int, str]:
        capsys.readouterr()
        given = make_parser().parse_args([str(word) for word in words])
        code = await run(settings or resources.settings, given)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return command
