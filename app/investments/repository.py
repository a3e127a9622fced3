"""SQL of investments."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.models import BankConnection
from app.investments.models import Investment


class InvestmentOfConnection(NamedTuple):
    """One of the investments, and the connection that brings it."""

    row: Investment
    connection: BankConnection


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    *,
    connection_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[InvestmentOfConnection]:
    """Return investments with their connections, oldest first, strictly after the key (created_at, id)."""
    statement = (
        select(Investment, BankConnection)
        .join(
            BankConnection,
            (BankConnection.owner_id == Investment.owner_id) & (BankConnection.id == Investment.connection_id),
        )
        .where(
            Investment.owner_id == owner_id, BankConnection.owner_id == owner_id, BankConnection.deleting_at.is_(None)
        )
    )
    if connection_id is not None:
        statement = statement.where(Investment.connection_id == connection_id)
    if after is not None:
        statement = statement.where(tuple_(Investment.created_at, Investment.id) > after)
    rows = await session.execute(statement.order_by(Investment.created_at, Investment.id).limit(limit))
    return [InvestmentOfConnection(row[0], row[1]) for row in rows]


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the investments of a connection (R35)."""
    await session.execute(
        delete(Investment).where(Investment.owner_id == owner_id, Investment.connection_id == connection_id)
    )
