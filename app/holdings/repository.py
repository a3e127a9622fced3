"""SQL of investments and loans, which hang on their connection alike."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.models import BankConnection
from app.holdings.models import Holding, Investment, Loan


class OfConnection(NamedTuple):
    """A holding, and the connection that brings it."""

    row: Holding
    connection: BankConnection


async def list_page(
    session: AsyncSession,
    kind: type[Holding],
    owner_id: UUID,
    *,
    connection_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[OfConnection]:
    """Return holdings of that kind with their connections, oldest first, strictly after the key (created_at, id)."""
    statement = (
        select(kind, BankConnection)
        .join(BankConnection, (BankConnection.owner_id == kind.owner_id) & (BankConnection.id == kind.connection_id))
        .where(kind.owner_id == owner_id, BankConnection.owner_id == owner_id, BankConnection.deleting_at.is_(None))
    )
    if connection_id is not None:
        statement = statement.where(kind.connection_id == connection_id)
    if after is not None:
        statement = statement.where(tuple_(kind.created_at, kind.id) > after)
    rows = await session.execute(statement.order_by(kind.created_at, kind.id).limit(limit))
    return [OfConnection(*row) for row in rows]


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the holdings of a connection (R35)."""
    for kind in (Investment, Loan):
        await session.execute(delete(kind).where(kind.owner_id == owner_id, kind.connection_id == connection_id))
