"""Pluggy's webhooks."""

from uuid import UUID

from app.jobs import Kind
from app.resources import Resources
from app.webhooks import flow
from worker.job import job


@job(Kind.WEBHOOK)
async def process_webhook_event(resources: Resources, _: None, event_id: UUID) -> None:
    """Give one event of the inbox its effect, once."""
    await flow.process_event(resources, event_id)
