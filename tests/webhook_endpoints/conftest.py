"""A service whose deliveries may go to loopback, and receivers there."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.http_support import changed
from tests.webhook_endpoints.receiver import Receiver, running_receiver

ENDPOINTS = "/api/banking/webhook_endpoints/"


@pytest.fixture(scope="session", name="settings")
def loopback_settings(settings: Settings) -> Settings:
    """The settings of every test here, with WEBHOOK_ALLOW_LOOPBACK on."""
    return changed(settings, webhook_allow_loopback=True)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that says 204 to everything."""
    async with running_receiver() as served:
        yield served


async def make_endpoint(client: httpx.AsyncClient, url: str, **given: Any) -> dict[str, Any]:
    """An endpoint with its secret, made over HTTP."""
    answer = await client.post(ENDPOINTS, json={"url": url, **given})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
