"""A stand-in for each test: in memory, its time frozen."""

from collections.abc import AsyncIterator

import pytest

from tests.sandbox.desk import Desk, open_desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened
