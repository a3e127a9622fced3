"""SQL of sync runs, their accounts and their checkpoints."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import database_now, one_of
from app.ids import new_id
from app.sync.models import SyncHint, SyncRun, SyncRunAccount, SyncStatus, SyncTrigger, SyncWindow

COUNTERS = ("fetched", "inserted", "updated", "unchanged", "quarantined", "removed")

# Every page needs these two: sent past the ORM they cost a quarter.
_MOVE_WINDOW = """
UPDATE sync_windows SET after = $5::text, pages = pages + 1, finished_at = CASE WHEN $5::text IS NULL THEN now() END
WHERE owner_id = $1 AND run_id = $2 AND account_id = $3 AND position = $4
"""
_ADD_COUNTS = f"""
UPDATE sync_run_accounts
SET {", ".join(f"{name} = {name} + ${at}" for at, name in enumerate(COUNTERS, start=4))},
    newest_created_at = greatest(newest_created_at, ${4 + len(COUNTERS)})
WHERE owner_id = $1 AND run_id = $2 AND account_id = $3
"""  # noqa: S608 # names of columns only


async def get_or_create_queued(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, *, trigger: SyncTrigger
) -> SyncRun:
    """Return the connection's queued run, made now unless there is one (R16)."""
    # Bound predicates of partial indexes stop matching once the statement is planned generically: hence text().
    statement = (
        insert(SyncRun)
        .values(owner_id=owner_id, id=new_id(), connection_id=connection_id, trigger=trigger)
        .on_conflict_do_update(
            index_elements=["owner_id", "connection_id"],
            index_where=text("status = 'queued'"),
            set_={"trigger": SyncRun.trigger},
        )
        .returning(SyncRun)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar_one()


async def find(session: AsyncSession, owner_id: UUID, run_id: UUID) -> SyncRun | None:
    """Return the run."""
    return await session.get(SyncRun, (owner_id, run_id), populate_existing=True)


async def find_live(session: AsyncSession, owner_id: UUID, connection_id: UUID, status: SyncStatus) -> SyncRun | None:
    """Return the connection's one run in this status, QUEUED or RUNNING."""
    statement = select(SyncRun).where(
        SyncRun.owner_id == owner_id, SyncRun.connection_id == connection_id, SyncRun.status == status
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def list_page(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[SyncRun]:
    """Return runs of the connection, newest first, strictly before the id."""
    statement = select(SyncRun).where(SyncRun.owner_id == owner_id, SyncRun.connection_id == connection_id)
    if before is not None:
        statement = statement.where(SyncRun.id < before)
    return (await session.execute(statement.order_by(SyncRun.id.desc()).limit(limit))).scalars().all()


async def start(session: AsyncSession, run: SyncRun, *, fence: int, patience_seconds: float) -> None:
    """Make a queued run run, or a run whose worker was lost go on, under a new fence."""
    run.status = SyncStatus.RUNNING
    run.fence = fence
    run.first_fence = run.first_fence or fence
    run.attempts += 1
    run.error_code = run.error_detail = None
    now = await database_now(session)
    run.started_at = run.started_at or now
    run.deadline_at = run.deadline_at or now + timedelta(seconds=patience_seconds)
    await session.flush()


async def note(session: AsyncSession, owner_id: UUID, run_id: UUID, *, fence: int, **columns: Any) -> None:
    """Write what the run is doing, or why it waits."""
    await session.execute(
        update(SyncRun)
        .where(SyncRun.owner_id == owner_id, SyncRun.id == run_id, SyncRun.fence == fence)
        .values(**columns)
    )


async def finish(session: AsyncSession, owner_id: UUID, run_id: UUID, *, fence: int, **columns: Any) -> bool:
    """End a run that still runs under this fence; False when it does not."""
    statement = (
        update(SyncRun)
        .where(
            SyncRun.owner_id == owner_id,
            SyncRun.id == run_id,
            SyncRun.status == SyncStatus.RUNNING,
            SyncRun.fence == fence,
        )
        .values(finished_at=func.now(), phase=None, **columns)
        .returning(SyncRun.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def requeue(session: AsyncSession, owner_id: UUID, run_id: UUID, *, fence: int, phase: str) -> None:
    """Make a run that still runs under this fence queued again."""
    await session.execute(
        update(SyncRun)
        .where(
            SyncRun.owner_id == owner_id,
            SyncRun.id == run_id,
            SyncRun.status == SyncStatus.RUNNING,
            SyncRun.fence == fence,
        )
        .values(status=SyncStatus.QUEUED, phase=phase)
    )


async def run_accounts(session: AsyncSession, owner_id: UUID, run_ids: Sequence[UUID]) -> Sequence[SyncRunAccount]:
    """Return what these runs did per account, in the order the accounts were met."""
    statement = (
        select(SyncRunAccount)
        .where(SyncRunAccount.owner_id == owner_id, SyncRunAccount.run_id.in_(run_ids))
        .order_by(SyncRunAccount.run_id, SyncRunAccount.account_id)
    )
    return (await session.execute(statement)).scalars().all()


async def add_account(
    session: AsyncSession, owner_id: UUID, run_id: UUID, account_id: UUID, *, read_from: datetime | None
) -> None:
    """Enter an account into the run; nothing happens when a former attempt did."""
    await session.execute(
        insert(SyncRunAccount)
        .values(owner_id=owner_id, run_id=run_id, account_id=account_id, read_from=read_from)
        .on_conflict_do_nothing()
    )


async def add_windows(session: AsyncSession, windows: Sequence[dict[str, Any]]) -> None:
    """Enter the windows of an account; those of a former attempt stand."""
    await session.execute(insert(SyncWindow).on_conflict_do_nothing(), list(windows))


async def open_windows(session: AsyncSession, owner_id: UUID, run_id: UUID, account_id: UUID) -> Sequence[SyncWindow]:
    """Return the account's windows that are not read to their end."""
    statement = (
        select(SyncWindow)
        .where(
            SyncWindow.owner_id == owner_id,
            SyncWindow.run_id == run_id,
            SyncWindow.account_id == account_id,
            SyncWindow.finished_at.is_(None),
        )
        .order_by(SyncWindow.position)
    )
    return (await session.execute(statement)).scalars().all()


async def was_begun(session: AsyncSession, owner_id: UUID, run_id: UUID, account_id: UUID) -> bool:
    """Tell whether any page of the account was stored in this run, in windows read to their end as well."""
    statement = select(SyncWindow.position).where(
        SyncWindow.owner_id == owner_id,
        SyncWindow.run_id == run_id,
        SyncWindow.account_id == account_id,
        SyncWindow.pages > 0,
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def move_window(session: AsyncSession, window: SyncWindow, *, after: str | None) -> None:
    """Move the window past a stored page, to its end when no page follows."""
    key = (window.owner_id, window.run_id, window.account_id, window.position)
    await (await session.connection()).exec_driver_sql(_MOVE_WINDOW, (*key, after))


async def add_counts(
    session: AsyncSession, owner_id: UUID, run_id: UUID, account_id: UUID, *, counts: Mapping[str, Any]
) -> None:
    """Add to the account's counts; `newest_created_at` among them only moves forward."""
    added = [counts.get(name, 0) for name in COUNTERS]
    values = (owner_id, run_id, account_id, *added, counts.get("newest_created_at"))
    await (await session.connection()).exec_driver_sql(_ADD_COUNTS, values)


async def end_account(
    session: AsyncSession, owner_id: UUID, run_id: UUID, account_id: UUID, **columns: Any
) -> datetime | None:
    """Write how the account's part ended; return Pluggy's newest `createdAt` among what this run wrote."""
    statement = (
        update(SyncRunAccount)
        .where(
            SyncRunAccount.owner_id == owner_id,
            SyncRunAccount.run_id == run_id,
            SyncRunAccount.account_id == account_id,
        )
        .values(**columns)
        .returning(SyncRunAccount.newest_created_at)
    )
    return (await session.execute(statement)).scalar_one()


async def drop_windows(session: AsyncSession, owner_id: UUID, run_id: UUID) -> None:
    """Forget the checkpoints of a run that has ended."""
    await session.execute(delete(SyncWindow).where(SyncWindow.owner_id == owner_id, SyncWindow.run_id == run_id))


async def add_hints(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, account_pluggy_id: UUID, pluggy_ids: Sequence[UUID]
) -> None:
    """Note transactions to be asked for by their ids; those noted already stay once."""
    rows = [
        {
            "owner_id": owner_id,
            "connection_id": connection_id,
            "account_pluggy_id": account_pluggy_id,
            "pluggy_id": pluggy_id,
        }
        for pluggy_id in dict.fromkeys(pluggy_ids)
    ]
    if rows:
        await session.execute(insert(SyncHint).on_conflict_do_nothing(), rows)


async def hints(session: AsyncSession, owner_id: UUID, connection_id: UUID, account_pluggy_id: UUID) -> Sequence[UUID]:
    """Return the transactions of the account to be asked for."""
    statement = select(SyncHint.pluggy_id).where(
        SyncHint.owner_id == owner_id,
        SyncHint.connection_id == connection_id,
        SyncHint.account_pluggy_id == account_pluggy_id,
    )
    return (await session.execute(statement.order_by(SyncHint.created_at))).scalars().all()


async def drop_hints(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, account_pluggy_id: UUID, pluggy_ids: Sequence[UUID]
) -> None:
    """Forget hints that were settled."""
    await session.execute(
        delete(SyncHint).where(
            SyncHint.owner_id == owner_id,
            SyncHint.connection_id == connection_id,
            SyncHint.account_pluggy_id == account_pluggy_id,
            one_of(SyncHint.pluggy_id, pluggy_ids),
        )
    )
