"""What the service does by itself every hour: look after its webhook, and after what the inbox keeps."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.connections.errors import ConnectionNotFound
from app.database import in_transaction
from app.resources import Resources
from app.sync import service as sync
from app.sync.models import SyncTrigger
from app.webhooks import repository
from app.webhooks.registration import ensure_registered

log = structlog.get_logger()

EVERY: Final = timedelta(hours=1)
KEEP_EVENTS: Final = timedelta(days=30)
KEEP_ORPHANS: Final = timedelta(days=7)
_AT_ONCE: Final = 5_000


async def check_webhook(resources: Resources) -> None:
    """Repair our webhook at Pluggy (R42). Nothing in reconcile-only mode. Raises PluggyError."""
    if resources.settings.receives_webhooks and resources.settings.pluggy.webhook_secrets:
        await ensure_registered(resources)


async def prune_inbox(resources: Resources, now: datetime | None = None) -> None:
    """Give up on orphans after 7 days, forget events after 30 (R4, R68)."""
    now = now or utc_now()

    async def give_up(session: AsyncSession) -> int:
        note = "no connection within 7 days"
        return await repository.ignore_orphans(session, before=first_id_at(now - KEEP_ORPHANS), note=note)

    async def forget(session: AsyncSession) -> int:
        return await repository.forget_events(session, before=first_id_at(now - KEEP_EVENTS), limit=_AT_ONCE)

    ignored = await in_transaction(resources.sessions, None, give_up)
    forgotten = part = await in_transaction(resources.sessions, None, forget)
    while part == _AT_ONCE:
        part = await in_transaction(resources.sessions, None, forget)
        forgotten += part
    if ignored or forgotten:
        log.info("inbox_pruned", ignored=ignored, forgotten=forgotten)


def first_id_at(instant: datetime) -> UUID:
    """Return the least id that `new_id` could have given at that instant."""
    return UUID(int=int(instant.timestamp() * 1000) << 80)


async def reconcile(resources: Resources, owner_id: UUID, connection_id: UUID) -> None:
    """Queue one reading of a connection that may have missed an event."""

    async def request(session: AsyncSession) -> None:
        await sync.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.RECONCILE)

    try:
        await in_transaction(resources.sessions, owner_id, request)
    except ConnectionNotFound:
        log.info("reconcile_skipped", connection_id=str(connection_id))
