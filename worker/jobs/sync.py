"""Sync runs."""

from datetime import timedelta
from uuid import UUID

from app.database import in_transaction
from app.jobs import Kind
from app.owed import Owed, WhenDead
from app.resources import Resources
from app.sync import flow, service
from worker.job import job, when_dead


@job(Kind.SYNC)
async def sync_bank_connection(resources: Resources, owner_id: UUID, run_id: UUID) -> timedelta | None:
    """Carry out one queued run. Safe to repeat: a finished run is left alone, a stored page changes nothing."""
    return await flow.run_sync(resources, owner_id, run_id)


@when_dead(WhenDead.LOSE_RUN)
async def lose_run(resources: Resources, row: Owed) -> None:
    """End the run that no attempt could finish, so that it does not look under way for ever (R19)."""
    owner_id = row.owner_id
    assert owner_id is not None  # noqa: S101 # runs are owed with their owner
    await in_transaction(resources.sessions, owner_id, lambda session: service.lose(session, owner_id, row.ref_id))
