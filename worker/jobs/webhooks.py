"""Pluggy's webhooks: their effects, and the hourly upkeep."""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.clock import utc_now
from app.database import in_transaction
from app.jobs import Kind
from app.oauth.adoption import adopt_orphan
from app.owed import Owed, WhenDead
from app.resources import Resources
from app.webhooks import flow, service, upkeep
from worker.job import job, when_dead

log = structlog.get_logger()

_FIRST_UPKEEP: Final = timedelta(minutes=1)  # whoever deploys may still be registering the webhook
_AGAIN_SECONDS: Final = 10


@job(Kind.WEBHOOK)
async def process_webhook_event(resources: Resources, _: None, event_id: UUID) -> timedelta | None:
    """Give one event of the inbox its effect, once; one without a connection may bring the item of a lost order."""
    pause = await flow.process_event(resources, event_id)
    await adopt_orphan(resources, event_id)
    return pause


@when_dead(WhenDead.REREAD)
async def reread(resources: Resources, row: Owed) -> None:
    """Have the connection of an event that no attempt could handle read whole (R9)."""
    await in_transaction(
        resources.sessions,
        None,
        lambda session: service.reread_subject(session, row.kind, row.owner_id, row.ref_id),
    )


@job(Kind.WEBHOOK_CHECK)
async def check_webhook(resources: Resources, _: None, __: UUID) -> timedelta:
    """See hourly that our webhook at Pluggy exists, is enabled and leads here; repair it if not."""
    await upkeep.check_webhook(resources)
    return upkeep.EVERY


@job(Kind.RECONCILE)
async def reconcile_connection(resources: Resources, owner_id: UUID, connection_id: UUID) -> None:
    """Read a connection once after its webhooks may have been missed."""
    await upkeep.reconcile(resources, owner_id, connection_id)


async def owe_upkeep(resources: Resources) -> None:
    """Owe what recurs unless it is owed already: once at the start of each worker, until the database answers."""
    due_at = utc_now() + _FIRST_UPKEEP

    async def owe(session: AsyncSession) -> None:
        for kind in (Kind.WEBHOOK_CHECK, Kind.PRUNE):
            await owed.add_standing(session, kind, due_at=due_at)
        await owed.add_standing(session, Kind.CATEGORY_TREE, due_at=utc_now())

    while True:
        try:
            await in_transaction(resources.sessions, None, owe)
        except (SQLAlchemyError, OSError) as error:
            log.warning("upkeep_not_owed", error=type(error).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return
