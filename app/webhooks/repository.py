"""SQL of the inbox."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import new_id
from app.webhooks.models import EventStatus, WebhookEvent, WebhookRejection

KEPT_REJECTIONS = 50


async def add_event(
    session: AsyncSession, *, event_id: str, event: str, item_id: UUID | None, body: bytes
) -> UUID | None:
    """Store an event and return our id of it; None when its `eventId` is stored already (R2)."""
    statement = (
        insert(WebhookEvent)
        .values(id=new_id(), event_id=event_id, event=event, item_id=item_id, body=body)
        .on_conflict_do_nothing(index_elements=["event_id"])
        .returning(WebhookEvent.id)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_event(session: AsyncSession, event_id: UUID) -> WebhookEvent | None:
    """Return the event."""
    return await session.get(WebhookEvent, event_id)


async def mark(session: AsyncSession, event_id: UUID, status: EventStatus, *, note: str | None = None) -> None:
    """Write what became of the event."""
    await session.execute(
        update(WebhookEvent).where(WebhookEvent.id == event_id).values(status=status, note=note, handled_at=func.now())
    )


async def wake_orphans(session: AsyncSession, item_id: UUID) -> Sequence[UUID]:
    """Make the orphans of an item pending again and return their ids, oldest first."""
    statement = (
        update(WebhookEvent)
        .where(WebhookEvent.item_id == item_id, WebhookEvent.status == EventStatus.ORPHAN)
        .values(status=EventStatus.PENDING, handled_at=None)
        .returning(WebhookEvent.id)
    )
    return sorted((await session.execute(statement)).scalars())


async def add_rejection(session: AsyncSession, *, reason: str, address: str | None) -> None:
    """Keep a rejected delivery, and only the last ones."""
    session.add(WebhookRejection(id=new_id(), reason=reason, address=address))
    await session.flush()
    kept = select(WebhookRejection.id).order_by(WebhookRejection.id.desc()).limit(KEPT_REJECTIONS)
    await session.execute(delete(WebhookRejection).where(WebhookRejection.id.not_in(kept)))
