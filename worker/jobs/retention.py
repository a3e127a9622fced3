"""Letting go of what was kept long enough."""

import random
from datetime import timedelta
from uuid import UUID

from app.jobs import Kind
from app.resources import Resources
from app.retention import flow
from worker.job import job


@job(Kind.PRUNE)
async def prune(resources: Resources, owner_id: UUID | None, _: UUID) -> timedelta:
    """Delete what is past its time: hourly of the service's own tables, daily of each owner's."""
    if owner_id is None:
        await flow.prune_service(resources)
        return flow.EVERY_HOUR
    await flow.prune_owner(resources, owner_id)
    return flow.EVERY_DAY * random.uniform(0.9, 1.1)  # noqa: S311 # spreads the owners over the day
