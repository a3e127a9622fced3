"""Use cases of insights that are kept, each inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import next_change
from app.events.service import record_event
from app.ids import new_ids
from app.insights import repository
from app.insights.errors import InsightNotFound
from app.insights.findings import Finding, find_all
from app.insights.models import Insight

log = structlog.get_logger()


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    *,
    kind: str | None,
    state: str | None,
    is_dismissed: bool | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Insight]:
    """Return insights, the newest first, strictly before that id."""
    return await repository.list_page(
        session, owner_id, kind=kind, state=state, is_dismissed=is_dismissed, before=before, limit=limit
    )


async def dismiss(session: AsyncSession, owner_id: UUID, insight_id: UUID, *, now: datetime) -> Insight:
    """Return the insight, which is not told any more from now on; dismissed before, it keeps its instant.

    Raises InsightNotFound.
    """
    found = await repository.find(session, owner_id, insight_id)
    if found is None:
        raise InsightNotFound(insight_id)
    if found.dismissed_at is None:
        found.dismissed_at, found.change_number = now, await next_change(session, owner_id)
        await session.flush()
    return found


async def refresh_or_leave(session: AsyncSession, owner_id: UUID, *, now: datetime) -> None:
    """Do what `refresh` does; should it fail, undo it alone: a later run finds the same, and no sync is lost to it."""
    try:
        async with session.begin_nested():
            await refresh(session, owner_id, now=now)
    except Exception:
        log.exception("insights_failed")


async def forget_gone(session: AsyncSession, owner_id: UUID, *, now: datetime) -> None:
    """Bring the insights up to what a deletion left of the ledger, and drop those that are over (R35)."""
    await refresh(session, owner_id, now=now)
    await repository.drop_over(session, owner_id)


async def refresh(session: AsyncSession, owner_id: UUID, *, now: datetime) -> None:
    """Bring the insights up to the ledger. New ones are told by an event; what did not change is not written.

    What no longer is so is over; should it be so again, the same insight is open again, dismissed if it was.
    """
    found = {(str(each.kind), each.key): each for each in await find_all(session, owner_id, now=now)}
    held = {(each.kind, each.key): each for each in await repository.held(session, owner_id, list(found))}
    changes = {each.id: columns for key, each in held.items() if (columns := _changed(each, found.get(key), now))}
    fresh = [each for key, each in found.items() if key not in held]
    if not changes and not fresh:
        return
    number = await next_change(session, owner_id)
    for insight_id, columns in changes.items():
        await repository.change(session, owner_id, insight_id, {**columns, "change_number": number})
    if fresh:
        await _add(session, owner_id, fresh, number, now)


def _changed(held: Insight, found: Finding | None, now: datetime) -> dict[str, Any]:
    if found is None:
        return {"state": "over"} if held.state == "open" else {}
    if (held.state, held.data, held.rows) == ("open", found.data, found.rows):
        return {}
    return {"state": "open", "data": found.data, "rows": found.rows, "last_seen_at": now}


async def _add(session: AsyncSession, owner_id: UUID, fresh: Sequence[Finding], number: int, now: datetime) -> None:
    ids = new_ids(len(fresh))
    rows = [
        {
            "owner_id": owner_id,
            "id": insight_id,
            **each._asdict(),
            "first_seen_at": now,
            "last_seen_at": now,
            "change_number": number,
        }
        for insight_id, each in zip(ids, fresh, strict=True)
    ]
    await repository.add(session, rows)
    for insight_id, each in zip(ids, fresh, strict=True):
        await record_event(session, owner_id, "insight.created", {"insight_id": insight_id, "kind": str(each.kind)})
