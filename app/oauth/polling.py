"""Watching an item while its person is at the bank: a call to Pluggy and a short transaction in turn."""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import service as connections
from app.connections.errors import ConnectionNotFound
from app.connections.mapping import gone_columns, item_columns
from app.connections.models import BankConnection
from app.database import in_transaction, transaction
from app.oauth import service
from app.pluggy.errors import PluggyError, PluggyNotFound
from app.resources import Resources

log = structlog.get_logger()


async def poll(resources: Resources, owner_id: UUID, connection_id: UUID) -> timedelta | None:
    """Look at the connection's item once; return when to look again, None when the watch is over.

    A look that fails at Pluggy costs that look, not the watch. Safe to repeat: a watch that has ended is left alone.
    """
    try:
        await look(resources, owner_id, connection_id)
    except PluggyError as error:
        log.warning("poll_missed", connection_id=str(connection_id), error=type(error).__name__)
    except ConnectionNotFound:
        return None

    async def settle(session: AsyncSession) -> timedelta | None:
        return await service.settle(session, owner_id, connection_id, resources.settings.sync)

    try:
        return await in_transaction(resources.sessions, owner_id, settle)
    except ConnectionNotFound:
        return None


async def look(resources: Resources, owner_id: UUID, connection_id: UUID) -> BankConnection:
    """Read the connection's item and return the connection brought up to it; one without an item as it is.

    A read that somebody else's write overtook is dropped: theirs may be newer (R22). Raises ConnectionNotFound,
    PluggyError.
    """
    async with transaction(resources.sessions, owner_id) as session:
        seen = await connections.get(session, owner_id, connection_id)
    if seen.item_id is None:
        return seen
    try:
        columns = item_columns(await resources.pluggy.get_item(seen.item_id))
    except PluggyNotFound:
        columns = gone_columns()

    async def record(session: AsyncSession) -> BankConnection:
        held = await connections.hold(session, owner_id, connection_id)
        if held.change_number != seen.change_number:
            return held
        return await connections.record_item(session, owner_id, connection_id, columns)

    return await in_transaction(resources.sessions, owner_id, record)
