"""Use cases of connections, each inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.accounts import repository as accounts
from app.changes import next_change
from app.connections import repository
from app.connections.errors import (
    ConnectionBeingDeleted,
    ConnectionFenced,
    ConnectionNotFound,
    DeletionNotFound,
    ItemNotFound,
)
from app.connections.models import BankConnection, Deletion
from app.ids import new_id
from app.jobs import Kind
from app.transactions import repository as transactions


async def get(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> BankConnection:
    """Return the connection. Raises ConnectionNotFound."""
    connection = await repository.find(session, owner_id, connection_id)
    if connection is None:
        raise ConnectionNotFound(connection_id)
    return connection


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
    return connection, True


async def hold_fence(session: AsyncSession, owner_id: UUID, connection_id: UUID, fence: int) -> None:
    """Make sure that this fence stands until the transaction ends. Raises ConnectionFenced (R17)."""
    if not await repository.holds_fence(session, owner_id, connection_id, fence):
        raise ConnectionFenced


async def record_item(session: AsyncSession, owner_id: UUID, connection_id: UUID, columns: dict[str, Any]) -> None:
    """Bring the connection up to the item's state; an equal state is not written."""
    connection = await get(session, owner_id, connection_id)
    if all(getattr(connection, name) == value for name, value in columns.items()):
        return
    number = await next_change(session, owner_id)
    await repository.update(session, owner_id, connection_id, {**columns, "change_number": number})


async def record_read(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, *, last_read_at: datetime, next_sync_at: datetime
) -> None:
    """Note when the connection was read, and owe its next read."""
    await repository.update(
        session, owner_id, connection_id, {"last_read_at": last_read_at, "next_sync_at": next_sync_at}
    )
    await owed.add(session, Kind.SCHEDULE, owner_id, connection_id, due_at=next_sync_at)


async def start_deletion(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> Deletion:
    """Hide the connection, fence off its runs, forget what is personal, and owe the deletion at Pluggy (R35).

    Raises ConnectionNotFound.
    """
    connection = await repository.raise_fence(session, owner_id, connection_id)
    if connection is None:
        raise ConnectionNotFound(connection_id)
    number = await next_change(session, owner_id)
    await repository.hide(session, owner_id, connection_id, change_number=number)
    await transactions.purge(session, owner_id, connection_id, change_number=number)
    await accounts.purge(session, owner_id, connection_id, change_number=number)
    await owed.drop(session, Kind.SCHEDULE, connection_id)
    deletion = await repository.add_deletion(
        session,
        Deletion(owner_id=owner_id, id=new_id(), connection_id=connection_id, item_id=connection.item_id),
    )
    await owed.add(session, Kind.DELETION, owner_id, deletion.id)
    return deletion


async def get_deletion(session: AsyncSession, owner_id: UUID, deletion_id: UUID) -> Deletion:
    """Return the deletion. Raises DeletionNotFound."""
    deletion = await repository.find_deletion(session, owner_id, deletion_id)
    if deletion is None:
        raise DeletionNotFound(deletion_id)
    return deletion


async def finish_deletion(session: AsyncSession, deletion: Deletion) -> None:
    """Note that Pluggy no longer has the item; nobody holds it any more."""
    await repository.finish_deletion(session, deletion.owner_id, deletion.id)
    if deletion.item_id is not None:
        await repository.release_item(session, deletion.item_id)


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
