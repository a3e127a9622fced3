"""Repairs of outages."""

from datetime import timedelta
from uuid import UUID

from app.jobs import Kind
from app.refresh import repair
from app.resources import Resources
from worker.job import job


@job(Kind.REPAIR)
async def repair_connection(resources: Resources, owner_id: UUID, connection_id: UUID) -> timedelta | None:
    """Have the bank visited once more for an outdated item, OUTDATED_MAX_RETRIES times per outage, an hour apart."""
    return await repair.repair(resources, owner_id, connection_id)
