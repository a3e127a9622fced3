"""Rows of long ago."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.clock import utc_now
from app.database import transaction
from app.ids import first_id_at, new_id
from app.resources import Resources
from app.tables import metadata


def id_of(days: float) -> UUID:
    """An id that was given so many days ago."""
    return UUID(int=first_id_at(utc_now() - timedelta(days=days)).int | (new_id().int & ((1 << 80) - 1)))


async def put(resources: Resources, table: str, owner_id: UUID | None, **row: Any) -> None:
    """Insert a row as the service does."""
    async with transaction(resources.sessions, owner_id) as session:
        await session.execute(
            insert(metadata.tables[table]).values(row if owner_id is None else {"owner_id": owner_id, **row})
        )


async def ids_in(resources: Resources, table: str, owner_id: UUID | None) -> set[Any]:
    """The keys of what is left."""
    held = metadata.tables[table]
    async with transaction(resources.sessions, owner_id) as session:
        return set((await session.execute(select(list(held.primary_key)[-1]))).scalars())
