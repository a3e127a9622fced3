"""Use cases of events, each inside the caller's transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import next_change
from app.events import repository
from app.events.models import Event
from app.events.types import EVENT_TYPES, EventType, thin
from app.ids import new_id
from app.jobs import announce_on_commit
from app.webhook_endpoints.fan_out import fan_out


async def record_event(session: AsyncSession, owner_id: UUID, event_type: EventType, data: dict[str, Any]) -> None:
    """Record what this transaction does to the owner's data; seen by clients if it commits (R43).

    The event takes a number of its own from the owner's counter of changes, so that events and changed rows stand in
    one order: a client that has read an event finds every row of it. The counter stays locked until the commit: lock
    the connection first. Raises ValueError for a type or data that no event has (R49).
    """
    if event_type not in EVENT_TYPES:
        raise ValueError(f"there is no event of the type {event_type}")
    told = thin(data)
    sequence = await next_change(session, owner_id)
    event_id = new_id()
    await repository.add(session, owner_id, event_id, event_type=event_type, sequence=sequence, data=told)
    await fan_out(session, owner_id, event_id, event_type)
    announce_on_commit(session, owner_id)


async def list_page(
    session: AsyncSession, owner_id: UUID, *, after_sequence: int, event_type: str | None, limit: int
) -> Sequence[Event]:
    """Return events, oldest first, strictly after the sequence."""
    return await repository.list_page(
        session, owner_id, after_sequence=after_sequence, event_type=event_type, limit=limit
    )


async def current_place(session: AsyncSession, owner_id: UUID) -> int:
    """Return the owner's newest number: whatever happens from now on has a larger one."""
    return (await repository.change_numbers(session, [owner_id])).get(owner_id, 0)
