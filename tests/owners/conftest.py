"""A database for the owners."""

from collections.abc import AsyncIterator, Callable

import pytest

from app.database import API_STATEMENT_MS, Sessions, make_engine, make_sessions
from tests.database_support import new_database


@pytest.fixture(scope="package")
async def database_url(postgres_url: Callable[..., str], worker_number: int) -> AsyncIterator[str]:
    """A migrated database, reached as the service reaches it."""
    async with new_database(postgres_url, f"owners_{worker_number}") as url:
        yield url


@pytest.fixture(scope="package")
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Sessions on that database."""
    engine = make_engine(database_url, pool_size=8, statement_ms=API_STATEMENT_MS)
    yield make_sessions(engine)
    await engine.dispose()
