"""An operator at a terminal, before a service that the stand-in can reach."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from app.cli import make_parser, run
from app.resources import Resources
from app.settings import Settings
from sandbox.stack.children import free_port
from tests.stand_in import StandIn
from tests.webhooks.support import served_api

NEXT_SECRET = "the-next-webhook-secret-of-32-bytes-or-more"
Banking = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture(scope="session")
def api_port() -> int:
    """Where the API listens once a test asks for it."""
    return free_port()


@pytest.fixture(scope="session")
def settings(settings_with: Callable[..., Settings], api_port: int) -> Settings:
    """The service with an address of its own, in the middle of a change of its webhook's secret."""
    return settings_with(backend_url=f"http://127.0.0.1:{api_port}", pluggy_webhook_secret_next=NEXT_SECRET)


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
