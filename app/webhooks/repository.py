"""SQL of the inbox; what arrives is written by `inbox.py`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import column, delete, func, insert, literal, select, table, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import new_ids
from app.webhooks.models import EventStatus, WebhookEvent, WebhookRejection, WebhookRejectionCount

KEPT_REJECTIONS: Final = 50
TAKEN_TOGETHER: Final = 1_000
MOST_RUNS: Final = 3
RUN_WINDOW: Final = timedelta(seconds=10)
"""Events lead to at most MOST_RUNS runs of a connection within this time; further events wait and share the next."""

_OWED = table("owed_work", column("kind"), column("ref_id"), column("lease_until"))


class Rejection(NamedTuple):
    """A delivery that was turned away."""

    reason: str
    address: str | None
    at: datetime


async def find_event(session: AsyncSession, event_id: UUID) -> WebhookEvent | None:
    """Return the event."""
    return await session.get(WebhookEvent, event_id)


async def take_pending(session: AsyncSession, event: WebhookEvent) -> Sequence[WebhookEvent]:
    """Return the event with the others that await an effect on its item, locked; empty when it awaits none any more.

    Whoever else takes one of them waits for the end of this transaction; one that another has locked is left to it.
    """
    pending = select(WebhookEvent).where(WebhookEvent.status == EventStatus.PENDING).order_by(WebhookEvent.id)
    own = await session.scalar(pending.where(WebhookEvent.id == event.id).with_for_update())
    if own is None:
        return []
    others = pending.where(
        WebhookEvent.status == literal(EventStatus.PENDING.value, literal_execute=True),  # else no partial index
        WebhookEvent.item_id == event.item_id,
        WebhookEvent.id != event.id,
    )
    found = await session.execute(others.limit(TAKEN_TOGETHER).with_for_update(skip_locked=True))
    return [own, *found.scalars()]


async def mark(
    session: AsyncSession, event_ids: Sequence[UUID], status: EventStatus, *, note: str | None = None
) -> None:
    """Write what became of the events. What they still owed is struck off, save what somebody is at."""
    await session.execute(
        update(WebhookEvent)
        .where(WebhookEvent.id.in_(event_ids))
        .values(status=status, note=note, handled_at=func.now())
    )
    await session.execute(
        delete(_OWED).where(_OWED.c.kind == "webhook", _OWED.c.ref_id.in_(event_ids), _OWED.c.lease_until.is_(None))
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


async def wake(session: AsyncSession, event_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Make these events pending again, whatever became of them, and return the ids of those there are."""
    statement = (
        update(WebhookEvent)
        .where(WebhookEvent.id.in_(event_ids))
        .values(status=EventStatus.PENDING, note=None, handled_at=None)
        .returning(WebhookEvent.id)
    )
    return sorted((await session.execute(statement)).scalars())


_PAUSE = text(
    """
    SELECT CASE WHEN count(*) FILTER (WHERE status <> 'queued') >= :most AND NOT bool_or(status = 'queued')
           THEN min(created_at) + CAST(:window AS interval) - now() END
    FROM (
        SELECT status, created_at FROM sync_runs
        WHERE owner_id = :owner_id AND connection_id = :connection_id AND trigger = 'webhook'
          AND created_at > now() - CAST(:window AS interval)
        ORDER BY id DESC LIMIT :most
    ) AS recent
    """
)


async def pause_before_run(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> timedelta | None:
    """Return how long events must wait before they lead to one more run of the connection; None when they needn't."""
    values = {"owner_id": owner_id, "connection_id": connection_id, "most": MOST_RUNS, "window": RUN_WINDOW}
    pause: timedelta | None = await session.scalar(_PAUSE, values)
    return pause


async def ignore_orphans(session: AsyncSession, *, before: UUID, note: str) -> None:
    """Give up on orphans that came before the moment of an id."""
    statement = (
        update(WebhookEvent)
        .where(WebhookEvent.status == literal(EventStatus.ORPHAN.value, literal_execute=True), WebhookEvent.id < before)
        .values(status=EventStatus.IGNORED, note=note, handled_at=func.now())
    )
    await session.execute(statement)


async def add_rejections(session: AsyncSession, last: Sequence[Rejection], counts: Mapping[str, int]) -> None:
    """Add to the counters, and keep the last rejections of all."""
    statement = upsert(WebhookRejectionCount).values(
        [{"reason": reason, "total": count} for reason, count in sorted(counts.items())]
    )
    added = {"total": WebhookRejectionCount.total + statement.excluded.total, "last_at": func.now()}
    await session.execute(statement.on_conflict_do_update(index_elements=["reason"], set_=added))
    rows = [
        {"id": row_id, "reason": each.reason, "address": each.address, "created_at": each.at}
        for row_id, each in zip(new_ids(len(last)), last, strict=True)
    ]
    if rows:
        await session.execute(insert(WebhookRejection), rows)
    kept = select(WebhookRejection.id).order_by(WebhookRejection.id.desc()).limit(KEPT_REJECTIONS)
    await session.execute(delete(WebhookRejection).where(WebhookRejection.id.not_in(kept)))


async def list_events(
    session: AsyncSession, *, status: str | None = None, item_id: UUID | None = None, limit: int
) -> Sequence[WebhookEvent]:
    """Return the last events, newest first."""
    statement = select(WebhookEvent).order_by(WebhookEvent.id.desc()).limit(limit)
    if status is not None:
        statement = statement.where(WebhookEvent.status == status)
    if item_id is not None:
        statement = statement.where(WebhookEvent.item_id == item_id)
    return (await session.execute(statement)).scalars().all()


async def list_rejections(session: AsyncSession) -> Sequence[WebhookRejection]:
    """Return the last rejections, newest first."""
    return (await session.execute(select(WebhookRejection).order_by(WebhookRejection.id.desc()))).scalars().all()


async def list_rejection_counts(session: AsyncSession) -> Sequence[WebhookRejectionCount]:
    """Return the counters by reason."""
    statement = select(WebhookRejectionCount).order_by(WebhookRejectionCount.reason)
    return (await session.execute(statement)).scalars().all()
