"""Use cases of sync runs, each inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.accounts import repository as account_rows
from app.connections import repository as connection_rows
from app.connections import service as connections
from app.database import database_now
from app.jobs import Kind
from app.metrics.counting import count_run
from app.sync import repository
from app.sync.errors import SyncRunNotFound
from app.sync.models import SyncRun, SyncRunAccount, SyncStatus, SyncTrigger
from app.sync.telling import tell_end


@dataclass(frozen=True)
class Claim:
    """A run under way: what its worker holds. Only writes made under `fence` count (R17)."""

    run_id: UUID
    owner_id: UUID
    connection_id: UUID
    item_id: UUID
    fence: int
    first_fence: int
    started_at: datetime
    deadline_at: datetime


async def request_sync(session: AsyncSession, owner_id: UUID, connection_id: UUID, *, trigger: SyncTrigger) -> SyncRun:
    """Queue a run, or return the one already queued; a run under way does not count (R16).

    Raises ConnectionNotFound.
    """
    connection = await connections.get(session, owner_id, connection_id)
    run = await repository.get_or_create_queued(session, owner_id, connection.id, trigger=trigger)
    await owed.add_once(session, Kind.SYNC, owner_id, run.id)
    return run


async def note_hints(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, account_pluggy_id: UUID, pluggy_ids: Sequence[UUID]
) -> None:
    """Have the next run ask Pluggy for these transactions by their ids; an account that is not ours is never asked."""
    await repository.add_hints(session, owner_id, connection_id, account_pluggy_id, pluggy_ids)


async def get(session: AsyncSession, owner_id: UUID, run_id: UUID) -> SyncRun:
    """Return the run. Raises SyncRunNotFound."""
    run = await repository.find(session, owner_id, run_id)
    if run is None:
        raise SyncRunNotFound(run_id)
    return run


async def list_runs(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[SyncRun]:
    """Return the connection's runs, newest first, strictly before the id. Raises ConnectionNotFound."""
    await connections.get(session, owner_id, connection_id)
    return await repository.list_page(session, owner_id, connection_id, before=before, limit=limit)


async def parts_of(session: AsyncSession, owner_id: UUID, run_ids: Sequence[UUID]) -> Sequence[SyncRunAccount]:
    """Return what these runs did per account."""
    return await repository.run_accounts(session, owner_id, run_ids)


async def claim(session: AsyncSession, owner_id: UUID, run_id: UUID, *, patience_seconds: float) -> Claim | None:
    """Make the run ours under a new fence; None when another run of the connection is under way.

    A run that was under way goes on where its lost worker stopped. Raises SyncRunNotFound for a run that has ended.
    """
    run = await repository.find(session, owner_id, run_id)
    if run is None or run.status not in {SyncStatus.QUEUED, SyncStatus.RUNNING}:
        raise SyncRunNotFound(run_id)
    running = await repository.find_live(session, owner_id, run.connection_id, SyncStatus.RUNNING)
    if running is not None and running.id != run_id:
        return None
    connection = await connection_rows.raise_fence(session, owner_id, run.connection_id)
    if connection is None or connection.item_id is None:
        raise SyncRunNotFound(run_id)
    await repository.start(session, run, fence=connection.fence, patience_seconds=patience_seconds)
    assert run.started_at is not None and run.deadline_at is not None  # noqa: S101, PT018 # set by start()
    return Claim(
        run_id=run_id,
        owner_id=owner_id,
        connection_id=connection.id,
        item_id=connection.item_id,
        fence=connection.fence,
        first_fence=run.first_fence or connection.fence,
        started_at=run.started_at,
        deadline_at=run.deadline_at,
    )


async def release(session: AsyncSession, claim: Claim, *, phase: str) -> None:
    """Put the run back into the queue, where a new trigger finds it; a run queued meanwhile takes its place."""
    queued = await repository.find_live(session, claim.owner_id, claim.connection_id, SyncStatus.QUEUED)
    if queued is None:
        await repository.requeue(session, claim.owner_id, claim.run_id, fence=claim.fence, phase=phase)
    else:
        await finish(session, claim, status=SyncStatus.SUPERSEDED)


async def finish(session: AsyncSession, claim: Claim, *, status: SyncStatus, **columns: Any) -> None:
    """End the run with the sums of its accounts (R20), and start the run queued behind it at once."""
    totals = await _totals(session, claim.owner_id, claim.run_id)
    ended = await repository.finish(
        session, claim.owner_id, claim.run_id, fence=claim.fence, status=status, **totals, **columns
    )
    if not ended:
        return
    count_run(session, status, totals)
    await tell_end(
        session,
        claim.owner_id,
        connection_id=claim.connection_id,
        run_id=claim.run_id,
        status=status,
        totals=totals,
        error_code=columns.get("error_code"),
    )
    await repository.drop_windows(session, claim.owner_id, claim.run_id)
    queued = await repository.find_live(session, claim.owner_id, claim.connection_id, SyncStatus.QUEUED)
    if queued is not None:
        await owed.hasten(session, Kind.SYNC, claim.owner_id, queued.id)


async def lose(session: AsyncSession, owner_id: UUID, run_id: UUID) -> None:
    """End a run whose attempts are used up: FAILED when it knows why, else LOST."""
    run = await repository.find(session, owner_id, run_id)
    if run is None or run.status not in {SyncStatus.QUEUED, SyncStatus.RUNNING}:
        return
    run.status = SyncStatus.FAILED if run.error_code else SyncStatus.LOST
    run.error_code = run.error_code or "lost"
    run.error_detail = run.error_detail or "The run was cut off at every attempt. Ask for a new one."
    await account_rows.doubt(session, owner_id, run.connection_id)
    totals = await _totals(session, owner_id, run_id)
    count_run(session, run.status, totals)
    run.phase = None
    run.finished_at = await database_now(session)
    await session.flush()
    await tell_end(
        session,
        owner_id,
        connection_id=run.connection_id,
        run_id=run_id,
        status=SyncStatus(run.status),
        totals=totals,
        error_code=run.error_code,
    )


async def _totals(session: AsyncSession, owner_id: UUID, run_id: UUID) -> dict[str, int]:
    parts = await repository.run_accounts(session, owner_id, [run_id])
    return {name: sum(getattr(part, name) for part in parts) for name in repository.COUNTERS}
