"""SQL of connections."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, tuple_
from sqlalchemy import update as sql_update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.models import BankConnection, Deletion, ItemOwner
from app.sync.models import SyncRun


def _visible(owner_id: UUID) -> ColumnElement[bool]:
    return (BankConnection.owner_id == owner_id) & BankConnection.deleting_at.is_(None)


async def find(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> BankConnection | None:
    """Return the connection unless it is absent or being deleted."""
    statement = select(BankConnection).where(_visible(owner_id), BankConnection.id == connection_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def list_page(
    session: AsyncSession, owner_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[BankConnection]:
    """Return connections, newest first, strictly after the key (created_at, id)."""
    statement = select(BankConnection).where(_visible(owner_id))
    if after is not None:
        statement = statement.where(tuple_(BankConnection.created_at, BankConnection.id) < after)
    ordered = statement.order_by(BankConnection.created_at.desc(), BankConnection.id.desc()).limit(limit)
    return (await session.execute(ordered)).scalars().all()


async def find_item_owner(session: AsyncSession, item_id: UUID) -> ItemOwner | None:
    """Return who holds the item."""
    return await session.get(ItemOwner, item_id)


async def claim_item(session: AsyncSession, item_id: UUID, owner_id: UUID, connection_id: UUID) -> bool:
    """Make the owner the item's holder; False when somebody holds it already."""
    statement = (
        insert(ItemOwner)
        .values(item_id=item_id, owner_id=owner_id, connection_id=connection_id)
        .on_conflict_do_nothing()
        .returning(ItemOwner.item_id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def release_item(session: AsyncSession, item_id: UUID) -> None:
    """Forget who held the item."""
    await session.execute(delete(ItemOwner).where(ItemOwner.item_id == item_id))


async def add(session: AsyncSession, owner_id: UUID, connection_id: UUID, **columns: Any) -> BankConnection:
    """Insert a connection and return it."""
    connection = BankConnection(owner_id=owner_id, id=connection_id, **columns)
    session.add(connection)
    await session.flush()
    await session.refresh(connection)
    return connection


async def raise_fence(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> BankConnection | None:
    """Raise the fence of a connection that is not being deleted, lock it, and return it."""
    statement = (
        sql_update(BankConnection)
        .where(_visible(owner_id), BankConnection.id == connection_id)
        .values(fence=BankConnection.fence + 1)
        .returning(BankConnection)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def holds_fence(session: AsyncSession, owner_id: UUID, connection_id: UUID, fence: int) -> bool:
    """Tell whether the fence still stands, and keep it standing until the transaction ends (R17)."""
    statement = (
        select(BankConnection.id)
        .where(_visible(owner_id), BankConnection.id == connection_id, BankConnection.fence == fence)
        .with_for_update(read=True)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def update(session: AsyncSession, owner_id: UUID, connection_id: UUID, columns: dict[str, Any]) -> None:
    """Write the columns."""
    await session.execute(
        sql_update(BankConnection)
        .where(BankConnection.owner_id == owner_id, BankConnection.id == connection_id)
        .values(**columns, updated_at=func.now())
    )


async def last_run(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> SyncRun | None:
    """Return the connection's newest run."""
    statement = (
        select(SyncRun)
        .where(SyncRun.owner_id == owner_id, SyncRun.connection_id == connection_id)
        .order_by(SyncRun.id.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def list_at_connector(session: AsyncSession, owner_id: UUID, connector_id: int) -> Sequence[UUID]:
    """Return the ids of the owner's connections at one institution, oldest first."""
    statement = (
        select(BankConnection.id)
        .where(_visible(owner_id), BankConnection.connector_id == connector_id)
        .order_by(BankConnection.created_at, BankConnection.id)
    )
    return (await session.execute(statement)).scalars().all()


async def add_deletion(session: AsyncSession, deletion: Deletion) -> Deletion:
    """Insert a deletion and return it."""
    session.add(deletion)
    await session.flush()
    await session.refresh(deletion)
    return deletion


async def find_deletion(session: AsyncSession, owner_id: UUID, deletion_id: UUID) -> Deletion | None:
    """Return the deletion."""
    return await session.get(Deletion, (owner_id, deletion_id))


async def finish_deletion(session: AsyncSession, owner_id: UUID, deletion_id: UUID) -> None:
    """Note that Pluggy has let go of the item as well."""
    await session.execute(
        sql_update(Deletion)
        .where(Deletion.owner_id == owner_id, Deletion.id == deletion_id, Deletion.finished_at.is_(None))
        .values(finished_at=func.now())
    )


async def find_awaiting_item(session: AsyncSession, owner_id: UUID, connector_id: int) -> Sequence[BankConnection]:
    """Return connections whose item Pluggy was asked for and has not been seen yet, oldest first."""
    statement = (
        select(BankConnection)
        .where(_visible(owner_id), BankConnection.item_id.is_(None), BankConnection.connector_id == connector_id)
        .order_by(BankConnection.created_at)
    )
    return (await session.execute(statement)).scalars().all()


async def awaits_item(session: AsyncSession, owner_id: UUID) -> bool:
    """Tell whether any connection still lacks its item."""
    statement = select(BankConnection.id).where(_visible(owner_id), BankConnection.item_id.is_(None)).limit(1)
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def lock(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> BankConnection | None:
    """Return the connection as it is now, locked until the transaction ends, unless absent or being deleted."""
    statement = (
        select(BankConnection)
        .where(_visible(owner_id), BankConnection.id == connection_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def remove_awaiting_item(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Delete a connection that never got an item: nothing refers to it."""
    await session.execute(
        delete(BankConnection).where(
            BankConnection.owner_id == owner_id, BankConnection.id == connection_id, BankConnection.item_id.is_(None)
        )
    )
