"""What clients hear of a run's end."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.events.service import record_event
from app.sync.models import SyncStatus

_COMPLETED: Final = frozenset({SyncStatus.SUCCEEDED, SyncStatus.PARTIAL})
_FAILED: Final = frozenset({SyncStatus.FAILED, SyncStatus.LOST})
_CHANGES: Final = ("inserted", "updated", "removed")


async def tell_end(
    session: AsyncSession,
    owner_id: UUID,
    *,
    connection_id: UUID,
    run_id: UUID,
    status: SyncStatus,
    totals: Mapping[str, int],
    error_code: str | None = None,
) -> None:
    """Record how a run ended and, if it changed any, that transactions changed; a run that gave way tells nothing."""
    if status not in _COMPLETED | _FAILED:
        return
    subject: dict[str, Any] = {"connection_id": connection_id, "sync_id": run_id}
    counts = {name: totals.get(name, 0) for name in _CHANGES}
    if any(counts.values()):  # a failed run keeps the pages it stored
        await record_event(session, owner_id, "transactions.changed", {**subject, **counts})
    if status in _COMPLETED:
        await record_event(session, owner_id, "sync.completed", {**subject, "status": str(status), **counts})
    else:
        await record_event(session, owner_id, "sync.failed", {**subject, "error_code": error_code})
