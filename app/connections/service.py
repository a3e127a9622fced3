"""Use cases of connections, each inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.changes import next_change
from app.clock import utc_now
from app.connections import repository
from app.connections.consequences import consequences
from app.connections.errors import (
    ConnectionBeingDeleted,
    ConnectionFenced,
    ConnectionNotFound,
    ItemNotFound,
)
from app.connections.models import BankConnection
from app.connections.status import ActionKind, Health, Verdict, judge
from app.events.service import record_event
from app.ids import new_id
from app.jobs import Kind
from app.refresh.judgement import REPAIR_SPACING, is_mendable
from app.sync.models import SyncRun

log = structlog.get_logger()


async def get(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> BankConnection:
    """Return the connection. Raises ConnectionNotFound."""
    connection = await repository.find(session, owner_id, connection_id)
    if connection is None:
        raise ConnectionNotFound(connection_id)
    return connection


async def find(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> BankConnection | None:
    """Return the connection, None when it is absent or being deleted."""
    return await repository.find(session, owner_id, connection_id)


async def list_page(
    session: AsyncSession, owner_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[BankConnection]:
    """Return connections, newest first, strictly after the key (created_at, id)."""
    return await repository.list_page(session, owner_id, after=after, limit=limit)


async def register(
    session: AsyncSession, owner_id: UUID, item_id: UUID, columns: dict[str, Any]
) -> tuple[BankConnection, bool]:
    """Return the owner's connection of the item and whether it was made now.

    Raises ItemNotFound when another owner holds the item, ConnectionBeingDeleted.
    """
    connection_id = new_id()
    if not await repository.claim_item(session, item_id, owner_id, connection_id):
        holder = await repository.find_item_owner(session, item_id)
        if holder is None or holder.owner_id != owner_id:
            raise ItemNotFound(item_id)
        held = await repository.find(session, owner_id, holder.connection_id)
        if held is None:
            raise ConnectionBeingDeleted
        return held, False
    number = await next_change(session, owner_id)
    connection = await repository.add(
        session, owner_id, connection_id, item_id=item_id, change_number=number, **columns
    )
    await record_event(session, owner_id, "connection.created", {"connection_id": connection_id})
    return connection, True


async def hold_fence(session: AsyncSession, owner_id: UUID, connection_id: UUID, fence: int) -> None:
    """Make sure that this fence stands until the transaction ends. Raises ConnectionFenced (R17)."""
    if not await repository.holds_fence(session, owner_id, connection_id, fence):
        raise ConnectionFenced


async def record_item(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, columns: dict[str, Any]
) -> BankConnection:
    """Bring the connection up to the item's state, tell of what that changes for a client, and return it.

    An equal state is not written. An outage begins and ends here. Raises ConnectionNotFound.
    """
    now = utc_now()
    connection = await get(session, owner_id, connection_id)
    before = judge(connection, now)
    wanted = {**columns, **consequences(connection, columns, now)}
    changes = {name: value for name, value in wanted.items() if getattr(connection, name) != value}
    if not changes:
        return connection
    number = await next_change(session, owner_id)
    await repository.update(session, owner_id, connection_id, {**changes, "change_number": number})
    await session.refresh(connection)
    await _tell(session, connection, before, judge(connection, now))
    if "outage_started_at" in changes:
        await _schedule_repair(session, connection, now)
    return connection


async def _schedule_repair(session: AsyncSession, connection: BankConnection, now: datetime) -> None:
    """Owe a repair of an outage that has begun and that a machine may mend, none when it is over."""
    if connection.outage_started_at is None:
        await owed.drop(session, Kind.REPAIR, connection.id)
    elif is_mendable(connection, now):
        due_at = now + REPAIR_SPACING
        await repository.update(session, connection.owner_id, connection.id, {"next_retry_at": due_at})
        await session.refresh(connection)
        await owed.add(session, Kind.REPAIR, connection.owner_id, connection.id, due_at=due_at)


async def _tell(session: AsyncSession, connection: BankConnection, before: Verdict, after: Verdict) -> None:
    """Record the events of a change: once per change of health, once per action that a person must newly take."""
    told = {"connection_id": connection.id, "health": after.health}
    if after.health != before.health:
        await record_event(session, connection.owner_id, "connection.updated", told)
        state = {"status": connection.status, "execution_status": connection.execution_status}
        report = log.warning if after.health == Health.UNKNOWN else log.info
        report("connection_changed", connection_id=str(connection.id), health=after.health, **state)
    action = after.action
    if action is None or action.kind == ActionKind.WAIT:
        return
    if before.action is None or (before.action.kind, before.action.reason) != (action.kind, action.reason):
        told = {"connection_id": connection.id, "kind": action.kind, "reason": action.reason}
        await record_event(session, connection.owner_id, "connection.action_required", told)


async def record_read(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, *, last_read_at: datetime, next_sync_at: datetime
) -> None:
    """Note when the connection was read, and owe its next read."""
    await repository.update(
        session, owner_id, connection_id, {"last_read_at": last_read_at, "next_sync_at": next_sync_at}
    )
    await owed.add(session, Kind.SCHEDULE, owner_id, connection_id, due_at=next_sync_at)


async def add_awaiting_item(session: AsyncSession, owner_id: UUID, columns: dict[str, Any]) -> BankConnection:
    """Insert a connection whose item Pluggy is about to be asked for, so that a crash leaves something to adopt it."""
    number = await next_change(session, owner_id)
    return await repository.add(session, owner_id, new_id(), change_number=number, **columns)


async def attach_item(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, item_id: UUID, columns: dict[str, Any]
) -> BankConnection:
    """Give a connection its item, once: the caller has proved that the item was made for this owner (R56).

    Raises ConnectionNotFound, and ItemNotFound when another connection holds the item or this one holds another.
    """
    connection = await hold(session, owner_id, connection_id)
    if connection.item_id is None and await repository.claim_item(session, item_id, owner_id, connection_id):
        number = await next_change(session, owner_id)
        await repository.update(
            session, owner_id, connection_id, {**columns, "item_id": item_id, "change_number": number}
        )
        return await hold(session, owner_id, connection_id)
    if connection.item_id != item_id:
        raise ItemNotFound(item_id)
    return connection


async def hold(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> BankConnection:
    """Return the connection as it is now, and keep it so until the transaction ends. Raises ConnectionNotFound."""
    connection = await repository.lock(session, owner_id, connection_id)
    if connection is None:
        raise ConnectionNotFound(connection_id)
    return connection


async def set_polling(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, *, status: str, deadline_at: datetime | None
) -> None:
    """Note how the watch over a person's visit to the bank stands, and until when it lasts."""
    number = await next_change(session, owner_id)
    columns = {"poll_status": status, "poll_deadline_at": deadline_at, "change_number": number}
    await repository.update(session, owner_id, connection_id, columns)


async def discard_awaiting_item(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget a connection whose item Pluggy refused to make."""
    await repository.remove_awaiting_item(session, owner_id, connection_id)


class Overview(NamedTuple):
    """A connection with what stands around it: its newest run, and the owner's other connections at the bank."""

    connection: BankConnection
    last_run: SyncRun | None
    elsewhere: Sequence[UUID]


async def overview(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> Overview:
    """Return the connection with what stands around it. Raises ConnectionNotFound."""
    connection = await get(session, owner_id, connection_id)
    last_run = await repository.last_run(session, owner_id, connection_id)
    held = await repository.list_at_connector(session, owner_id, connection.connector_id)
    return Overview(connection, last_run, [each for each in held if each != connection_id])
