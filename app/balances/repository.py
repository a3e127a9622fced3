"""SQL of balance history."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.balances.models import AccountBalance
from app.transactions.models import Transaction


class DaySum(NamedTuple):
    """The settled rows of a day; `doubtful` counts those that say nothing yet of the account's balance."""

    day: date
    settled: Decimal
    doubtful: int


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    account_id: UUID,
    *,
    date_from: date | None,
    date_to: date | None,
    before: date | None,
    limit: int,
) -> Sequence[AccountBalance]:
    """Return the account's balances, newest first, strictly before the day."""
    statement = select(AccountBalance).where(
        AccountBalance.owner_id == owner_id, AccountBalance.account_id == account_id
    )
    if date_from is not None:
        statement = statement.where(AccountBalance.day >= date_from)
    if date_to is not None:
        statement = statement.where(AccountBalance.day <= date_to)
    if before is not None:
        statement = statement.where(AccountBalance.day < before)
    return (await session.scalars(statement.order_by(AccountBalance.day.desc()).limit(limit))).all()


async def since(session: AsyncSession, owner_id: UUID, account_id: UUID, day: date) -> Sequence[AccountBalance]:
    """Return the account's balances of that day and later, oldest first."""
    statement = select(AccountBalance).where(
        AccountBalance.owner_id == owner_id, AccountBalance.account_id == account_id, AccountBalance.day >= day
    )
    return (await session.scalars(statement.order_by(AccountBalance.day))).all()


async def add(session: AsyncSession, balance: AccountBalance) -> None:
    """Insert a day's balance."""
    session.add(balance)
    await session.flush()


async def sums_by_day(
    session: AsyncSession, owner_id: UUID, account: Account, *, first: date, last: date
) -> Sequence[DaySum]:
    """Return the sums of the account's rows by day, for the days that have any."""
    is_doubtful = or_(Transaction.status != "POSTED", Transaction.currency_code != account.currency_code)
    statement = (
        select(
            Transaction.date,
            func.coalesce(func.sum(Transaction.amount).filter(Transaction.status == "POSTED"), 0),
            func.count().filter(is_doubtful),
        )
        .where(
            Transaction.owner_id == owner_id,
            Transaction.account_id == account.id,
            Transaction.removed_at.is_(None),
            Transaction.date.between(first, last),
        )
        .group_by(Transaction.date)
    )
    return [DaySum(*row) for row in await session.execute(statement)]


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the balances of a connection's accounts (R35)."""
    accounts = select(Account.id).where(Account.owner_id == owner_id, Account.connection_id == connection_id)
    await session.execute(
        delete(AccountBalance).where(AccountBalance.owner_id == owner_id, AccountBalance.account_id.in_(accounts))
    )
