"""The schedule: every connection owes its next read."""

from datetime import timedelta
from uuid import UUID

from app.jobs import Kind
from app.resources import Resources
from app.sync import flow
from worker.job import job


@job(Kind.SCHEDULE)
async def auto_sync_connections(resources: Resources, owner_id: UUID, connection_id: UUID) -> timedelta | None:
    """Queue a read of a connection whose time has come; the read itself sets the next time."""
    return await flow.request_due_sync(resources, owner_id, connection_id)
