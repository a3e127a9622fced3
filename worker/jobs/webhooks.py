"""Pluggy's webhooks."""

from datetime import timedelta
from uuid import UUID

from app.jobs import Kind
from app.oauth.adoption import adopt_orphan
from app.resources import Resources
from app.webhooks import flow
from worker.job import job


@job(Kind.WEBHOOK)
async def process_webhook_event(resources: Resources, _: None, event_id: UUID) -> timedelta | None:
    """Give one event of the inbox its effect, once; one without a connection may bring the item of a lost order."""
    pause = await flow.process_event(resources, event_id)
    await adopt_orphan(resources, event_id)
    return pause
