"""Hot reads: one statement in its owner's transaction, straight on the engine, for a list that is asked all day.

Long reads: many statements that see one moment.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.database import Sessions, set_owner

IDLE_SECONDS: Final = 60
"""How long a long read may wait for whoever takes its rows."""


async def read_rows(
    engine: AsyncEngine, owner_id: UUID, statement: str, values: tuple[Any, ...]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the rows of a statement in PostgreSQL's own words ($1, $2, …), under the owner's row-level security.

    Nothing is ever committed. A session with its unit of work costs more processor time than such a query.
    """
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SELECT set_config('banking.owner', $1, true)", (str(owner_id),))
        return (await connection.exec_driver_sql(statement, values)).all()


@asynccontextmanager
async def snapshot(sessions: Sessions, owner_id: UUID) -> AsyncIterator[AsyncSession]:
    """Yield a session that sees the owner's rows as they are now, whatever is written meanwhile, and writes none."""
    async with sessions() as session, session.begin():
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        await set_owner(session, owner_id)
        await session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"))
        yield session
