"""Events in the database."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.events.models import Event
from app.owners.models import Owner


async def add(
    session: AsyncSession, owner_id: UUID, event_id: UUID, *, event_type: str, sequence: int, data: dict[str, Any]
) -> None:
    """Insert one event."""
    row = {"owner_id": owner_id, "id": event_id, "type": event_type, "sequence": sequence, "data": data}
    await session.execute(insert(Event).values(row))


async def list_page(
    session: AsyncSession, owner_id: UUID, *, after_sequence: int, event_type: str | None, limit: int
) -> Sequence[Event]:
    """Return events in their order, strictly after the sequence, of one type if one is given."""
    statement = select(Event).where(Event.owner_id == owner_id, Event.sequence > after_sequence)
    if event_type is not None:
        statement = statement.where(Event.type == event_type)
    return (await session.scalars(statement.order_by(Event.sequence).limit(limit))).all()


async def change_numbers(session: AsyncSession, owner_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how far each owner's counter of changes has come; owners are not under row-level security."""
    statement = select(Owner.id, Owner.change_number).where(Owner.id.in_(owner_ids))
    return {row.id: row.change_number for row in await session.execute(statement)}
