"""Events on their way to integrators."""

from datetime import timedelta
from uuid import UUID

from app.jobs import Kind
from app.resources import Resources
from app.webhook_endpoints import flow
from worker.job import job


@job(Kind.DELIVERY)
async def deliver_webhook_event(resources: Resources, owner_id: UUID, delivery_id: UUID) -> timedelta | None:
    """Make the next attempt at one delivery; its schedule is its own, so that an attempt that fails is no fault."""
    return await flow.deliver(resources, owner_id, delivery_id)
