"""Hot reads: one statement in its owner's transaction, straight on the engine, for a list that is asked all day.

Long reads: many statements that see one moment.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

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
    async with engine.connect() as connection:
        driver = await _driver(connection)
        while driver.is_closed():  # the server was restarted while the connection waited in the pool
            await connection.invalidate()
            driver = await _driver(connection)
        try:
            await driver.execute(begin)
            rows: Sequence[Sequence[Any]] = await driver.fetch(statement, *values)
            return rows
        except Exception as error:
            if getattr(error, "sqlstate", None) is None and not driver.is_closed():
                raise
            lost = driver.is_closed()
            raise DBAPIError(statement, None, error, hide_parameters=True, connection_invalidated=lost) from error
        finally:
            if driver.is_closed():
                await connection.invalidate()
            else:
                await driver.execute("ROLLBACK")


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


@asynccontextmanager
async def snapshot(sessions: Sessions, owner_id: UUID) -> AsyncIterator[AsyncSession]:
    """Yield a session that sees the owner's rows as they are now, whatever is written meanwhile, and writes none."""
    async with sessions() as session, session.begin():
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        await set_owner(session, owner_id)
        await session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"))
        yield session
