"""A service whose deliveries may go to loopback, and receivers there."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.webhook_endpoints.receiver import Receiver, running_receiver

ENDPOINTS = "/api/banking/webhook_endpoints/"


def with_loopback(settings: Settings) -> Settings:
    """The same settings, with WEBHOOK_ALLOW_LOOPBACK on."""
    service = settings.service.model_copy(update={"webhook_allow_loopback": True})
    return Settings(
        service=service,
        database=settings.database,
        pluggy=settings.pluggy,
        auth=settings.auth,
        sync=settings.sync,
        retention=settings.retention,
    )


@pytest.fixture(scope="session", name="settings")
def loopback_settings(settings: Settings) -> Settings:
    """The settings of every test here."""
    return with_loopback(settings)


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
