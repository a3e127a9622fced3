"""A person with a synced connection, and the API where the stand-in can deliver."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from app.connections.models import BankConnection
from app.connectors import catalogue
from app.resources import Resources
from tests.stand_in import StandIn
from tests.sync.support import connect
from tests.webhooks.support import served_api, subscribe
from worker.job import Runner


@pytest.fixture
async def connection(resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID) -> BankConnection:
    """A connection whose first sync is over."""
    return await connect(resources, runner, stand_in, owner_id)


@pytest.fixture
async def address(resources: Resources, stand_in: StandIn) -> AsyncIterator[str]:
    """The API as a real server, subscribed to all events of the stand-in."""
    async with served_api(resources.settings) as url:
        await subscribe(stand_in, url)
        yield url
    await catalogue.forget()
