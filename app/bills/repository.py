"""SQL of bills."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.bills.models import Bill


async def list_page(
    session: AsyncSession, owner_id: UUID, account_id: UUID, *, before: tuple[date, UUID] | None, limit: int
) -> Sequence[Bill]:
    """Return the account's bills, the latest due first, strictly before the key (due_date, id)."""
    statement = select(Bill).where(Bill.owner_id == owner_id, Bill.account_id == account_id)
    if before is not None:
        statement = statement.where(tuple_(Bill.due_date, Bill.id) < before)
    return (await session.scalars(statement.order_by(Bill.due_date.desc(), Bill.id.desc()).limit(limit))).all()


async def due_since(session: AsyncSession, owner_id: UUID, account_id: UUID, day: date) -> Sequence[Bill]:
    """Return the listed bills due on that day or later, oldest first."""
    statement = select(Bill).where(
        Bill.owner_id == owner_id, Bill.account_id == account_id, Bill.due_date >= day, Bill.unlisted_at.is_(None)
    )
    return (await session.scalars(statement.order_by(Bill.due_date))).all()


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the bills of a connection's accounts (R35)."""
    accounts = select(Account.id).where(Account.owner_id == owner_id, Account.connection_id == connection_id)
    await session.execute(delete(Bill).where(Bill.owner_id == owner_id, Bill.account_id.in_(accounts)))
