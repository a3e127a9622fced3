"""SQL of loans."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.models import BankConnection
from app.loans.models import Loan


class LoanOfConnection(NamedTuple):
    """One of the loans, and the connection that brings it."""

    row: Loan
    connection: BankConnection


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    *,
    connection_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[LoanOfConnection]:
    """Return loans with their connections, oldest first, strictly after the key (created_at, id)."""
    statement = (
        select(Loan, BankConnection)
        .join(
            BankConnection,
            (BankConnection.owner_id == Loan.owner_id) & (BankConnection.id == Loan.connection_id),
        )
        .where(Loan.owner_id == owner_id, BankConnection.owner_id == owner_id, BankConnection.deleting_at.is_(None))
    )
    if connection_id is not None:
        statement = statement.where(Loan.connection_id == connection_id)
    if after is not None:
        statement = statement.where(tuple_(Loan.created_at, Loan.id) > after)
    rows = await session.execute(statement.order_by(Loan.created_at, Loan.id).limit(limit))
    return [LoanOfConnection(row[0], row[1]) for row in rows]


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the loans of a connection (R35)."""
    await session.execute(delete(Loan).where(Loan.owner_id == owner_id, Loan.connection_id == connection_id))
