"""The OAuth walk against the real stand-in, with a watch that is short enough to wait for."""

from collections.abc import Callable

import httpx
import pytest

from app.settings import Settings
from tests.oauth.walk import BACKEND, DEEP_LINK, RETURN_URL, Walk
from tests.stand_in import StandIn
from worker.job import Runner


@pytest.fixture(scope="session")
def settings(settings_with: Callable[..., Settings]) -> Settings:
    """The service as it stands before the stand-in, with its lists of addresses."""
    return settings_with(
        backend_url=BACKEND,
        oauth_redirect_uris=DEEP_LINK,
        oauth_return_urls=RETURN_URL,
        poll_interval_seconds=0.1,
    )


@pytest.fixture
async def walk(client: httpx.AsyncClient, stand_in: StandIn, runner: Runner) -> Walk:
    """The person, the client, the bank and the worker."""
    return Walk(client, stand_in, runner)
