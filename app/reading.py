"""Hot reads: one statement in its owner's transaction, straight on the engine, for a list that is asked all day.

Long reads: many statements that see one moment.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.pool import PoolProxiedConnection

from app.database import Sessions, set_owner

IDLE_SECONDS: Final = 60
"""How long a long read may wait for whoever takes its rows."""


async def read_rows(
    engine: AsyncEngine, owner_id: UUID, statement: str, values: tuple[Any, ...]
) -> Sequence[Sequence[Any]]:
    """Return the rows of a statement in PostgreSQL's own words ($1, $2, …), under the owner's row-level security.

    Nothing is ever committed. The driver is asked itself, in three messages: a session with its unit of work, and even
    SQLAlchemy's connection, cost more processor time than such a query. Raises DBAPIError, as they would.
    """
    begin = f"BEGIN READ ONLY; SELECT set_config('banking.owner', '{owner_id}', true)"
    connection, driver = await _take(engine)
    try:
        await driver.execute(begin)
        rows: Sequence[Sequence[Any]] = await driver.fetch(statement, *values)
        return rows
    except Exception as error:
        lost = driver.is_closed()
        if getattr(error, "sqlstate", None) is None and not lost:
            raise
        raise DBAPIError(statement, None, error, hide_parameters=True, connection_invalidated=lost) from error
    finally:
        await _give_back(connection, driver)


async def _take(engine: AsyncEngine) -> tuple[PoolProxiedConnection, Any]:
    while True:
        connection = await engine.raw_connection()
        driver: Any = connection.driver_connection
        if not driver.is_closed():
            return connection, driver
        connection.invalidate()  # the server was restarted while it waited in the pool


async def _give_back(connection: PoolProxiedConnection, driver: Any) -> None:
    is_clean = False
    try:
        if not driver.is_closed():
            await driver.execute("ROLLBACK")
            is_clean = True
    finally:
        if is_clean:
            connection.close()  # to the pool; SQLAlchemy began nothing, so it has nothing to wait for
        else:
            connection.invalidate()


@asynccontextmanager
async def snapshot(sessions: Sessions, owner_id: UUID) -> AsyncIterator[AsyncSession]:
    """Yield a session that sees the owner's rows as they are now, whatever is written meanwhile, and writes none."""
    async with sessions() as session, session.begin():
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        await set_owner(session, owner_id)
        await session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"))
        yield session
