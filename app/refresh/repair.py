"""Ending outages by machine: the only visit to a bank that nobody asked for, and a bounded one."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.connections import service as connections
from app.connections.errors import ConnectionNotFound
from app.connections.models import BankConnection
from app.database import in_transaction, transaction
from app.pluggy.errors import PluggyAuthError, PluggyRefused, PluggyUnavailable
from app.pluggy.limits import Lane
from app.pluggy.models import ItemStatus
from app.refresh.judgement import REPAIR_SPACING, is_mendable
from app.refresh.visit import ask_visit, read_item, record
from app.resources import Resources
from app.sync import service as sync
from app.sync.models import SyncTrigger

log = structlog.get_logger()

_VISITED_NOW = frozenset({ItemStatus.UPDATING, ItemStatus.MERGING})


async def repair(resources: Resources, owner_id: UUID, connection_id: UUID) -> timedelta | None:
    """Have the bank visited for an outdated item; return when to try again, None when the machine is done with it.

    A try is counted before it is made, so that no crash ever adds one. Raises PluggyUnavailable when the item can't
    be read, PluggyAuthError.
    """
    try:
        connection = await _find(resources, owner_id, connection_id)
        if connection.item_id is None or connection.outage_started_at is None:
            return None
        connection = await read_item(resources, connection, lane=Lane.BATCH)
        now = utc_now()
        if connection.status in _VISITED_NOW:
            return REPAIR_SPACING
        if not is_mendable(connection, now) or connection.retries_used >= _allowed(resources):
            await record(resources, connection, {"next_retry_at": None})
            return None
        return await _put_off(resources, connection, now) or await _retry(resources, connection, now)
    except ConnectionNotFound:
        return None


async def _find(resources: Resources, owner_id: UUID, connection_id: UUID) -> BankConnection:
    async with transaction(resources.sessions, owner_id) as session:
        return await connections.get(session, owner_id, connection_id)


def _allowed(resources: Resources) -> int:
    return resources.settings.sync.outdated_max_retries


async def _put_off(resources: Resources, connection: BankConnection, now: datetime) -> timedelta | None:
    """Return how long Pluggy wants no visit yet, None when it does not say so."""
    dates = [each for each in (connection.can_retry_at, connection.refresh_allowed_at) if each is not None]
    allowed_at = max(dates, default=now)
    if allowed_at <= now:
        return None
    await record(resources, connection, {"next_retry_at": allowed_at})
    return allowed_at - now


async def _retry(resources: Resources, connection: BankConnection, now: datetime) -> timedelta | None:
    used = connection.retries_used + 1
    spacing = REPAIR_SPACING if used < _allowed(resources) else None
    counted = {"retries_used": used, "next_retry_at": now + spacing if spacing else None}
    await record(resources, connection, counted)
    log.info("repair_tried", connection_id=str(connection.id), retry=used)
    try:
        visit = await ask_visit(resources, connection, lane=Lane.BATCH)
    except PluggyAuthError:
        raise
    except (PluggyUnavailable, PluggyRefused) as error:
        log.warning("repair_failed", connection_id=str(connection.id), error=type(error).__name__)
        return spacing
    if visit.refusal is None:
        await _queue_sync(resources, connection)
    elif not visit.is_too_soon:
        await record(resources, connection, {"next_retry_at": None})
        return None
    return spacing


async def _queue_sync(resources: Resources, connection: BankConnection) -> None:
    async def queue(session: AsyncSession) -> None:
        await sync.request_sync(session, connection.owner_id, connection.id, trigger=SyncTrigger.REPAIR)

    await in_transaction(resources.sessions, connection.owner_id, queue)
