"""What the service does by itself every hour: look after its webhook, and read what that may have missed."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository as account_rows
from app.connections.errors import ConnectionNotFound
from app.database import in_transaction
from app.resources import Resources
from app.sync import service as sync
from app.sync.models import SyncTrigger
from app.webhooks.registration import ensure_registered

log = structlog.get_logger()

EVERY: Final = timedelta(hours=1)


async def check_webhook(resources: Resources) -> None:
    """Repair our webhook at Pluggy (R42). Nothing in reconcile-only mode. Raises PluggyError."""
    if resources.settings.receives_webhooks and resources.settings.pluggy.webhook_secrets:
        await ensure_registered(resources)


async def reconcile(resources: Resources, owner_id: UUID, connection_id: UUID) -> None:
    """Queue one whole reading of a connection that may have missed an event: a deletion shows in no other (R24)."""

    async def request(session: AsyncSession) -> None:
        await account_rows.doubt(session, owner_id, connection_id)
        await sync.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.RECONCILE)

    try:
        await in_transaction(resources.sessions, owner_id, request)
    except ConnectionNotFound:
        log.info("reconcile_skipped", connection_id=str(connection_id))
