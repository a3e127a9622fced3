"""Use cases of the inbox, each inside the caller's transaction."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.jobs import Kind
from app.webhooks import repository
from app.webhooks.events import Delivery


async def receive(session: AsyncSession, delivery: Delivery, raw: bytes) -> None:
    """Store the event and owe its effect; one stored already is left alone (R2, R4)."""
    stored = await repository.add_event(
        session, event_id=delivery.event_id, event=delivery.event, item_id=delivery.item_id, body=raw
    )
    if stored is not None:
        await owed.add(session, Kind.WEBHOOK, None, stored)


async def adopt_orphans(session: AsyncSession, item_id: UUID) -> None:
    """Owe the effect of events that came before their item had an owner (R4)."""
    for event_id in await repository.wake_orphans(session, item_id):
        await owed.add(session, Kind.WEBHOOK, None, event_id)
