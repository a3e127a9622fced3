"""From one event to a delivery for each endpoint that wants it, in the transaction of the event (R43)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.database import database_now
from app.jobs import Kind
from app.webhook_endpoints import repository

_AT_ONCE: Final = 20
_SPACING: Final = timedelta(milliseconds=50)


async def fan_out(session: AsyncSession, owner_id: UUID, event_id: UUID, event_type: str) -> None:
    """Owe the event to every endpoint of the owner that is enabled and takes its type."""
    endpoints = await repository.subscribed(session, owner_id, event_type)
    if endpoints:
        await owe(session, owner_id, [(endpoint_id, event_id) for endpoint_id in endpoints])


async def owe(session: AsyncSession, owner_id: UUID, pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """Owe each (endpoint, event), the first at once, a crowd drop by drop: a replay must not hold up others' news."""
    if not pairs:
        return
    delivery_ids = await repository.add_deliveries(session, owner_id, pairs)
    now = await database_now(session)
    for position, delivery_id in enumerate(delivery_ids):
        due_at = None if position < _AT_ONCE else now + _SPACING * position
        await owed.add(session, Kind.DELIVERY, owner_id, delivery_id, due_at=due_at)
