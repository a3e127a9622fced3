"""The OAuth walk against the real stand-in, with a watch that is short enough to wait for."""

from typing import Any

import httpx
import pytest

from tests.oauth.walk import BACKEND, DEEP_LINK, RETURN_URL, Walk
from tests.stand_in import StandIn
from worker.job import Runner


@pytest.fixture(scope="session")
def given_settings() -> dict[str, Any]:
    """The service's lists of addresses."""
    return {
        "backend_url": BACKEND,
        "oauth_redirect_uris": DEEP_LINK,
        "oauth_return_urls": RETURN_URL,
        "poll_interval_seconds": 0.1,
    }


@pytest.fixture
async def walk(client: httpx.AsyncClient, stand_in: StandIn, runner: Runner) -> Walk:
    """The person, the client, the bank and the worker."""
    return Walk(client, stand_in, runner)
