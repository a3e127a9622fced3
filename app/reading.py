"""Hot reads: one statement in its owner's transaction, straight on the engine, for a list that is asked all day."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine


async def read_rows(
    engine: AsyncEngine, owner_id: UUID, statement: str, values: tuple[Any, ...]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the rows of a statement in PostgreSQL's own words ($1, $2, …), under the owner's row-level security.

    Nothing is ever committed. A session with its unit of work costs more processor time than such a query.
    """
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SELECT set_config('banking.owner', $1, true)", (str(owner_id),))
        return (await connection.exec_driver_sql(statement, values)).all()
