"""Watching items while their persons are at the bank."""

from datetime import timedelta
from uuid import UUID

from app.jobs import Kind
from app.oauth import polling
from app.resources import Resources
from worker.job import job


@job(Kind.POLL)
async def poll_connection(resources: Resources, owner_id: UUID, connection_id: UUID) -> timedelta | None:
    """Look at a connection's item every POLL_INTERVAL_SECONDS, until it is settled or POLL_TIMEOUT_SECONDS are over."""
    return await polling.poll(resources, owner_id, connection_id)
