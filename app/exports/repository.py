"""SQL of exports."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.connections.models import BankConnection
from app.transactions.filters import TransactionFilter
from app.transactions.models import Transaction
from app.transactions.queries import listed, matching

ROWS_AT_ONCE: Final = 500


async def accounts(session: AsyncSession, owner_id: UUID) -> Sequence[tuple[Account, str, int]]:
    """Return the owner's accounts, each with the name and the connector of its bank."""
    statement = (
        select(Account, BankConnection.institution_name, BankConnection.connector_id)
        .join(
            BankConnection,
            (BankConnection.owner_id == Account.owner_id) & (BankConnection.id == Account.connection_id),
        )
        .where(Account.owner_id == owner_id)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def days(session: AsyncSession, owner_id: UUID, asked: TransactionFilter) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return account, currency, first and last day of the rows that match, for those that have any."""
    conditions, values = matching(owner_id, asked)
    group = (Transaction.account_id, Transaction.currency_code)
    statement = select(*group, func.min(Transaction.date), func.max(Transaction.date)).where(*conditions)
    return (await session.execute(statement.group_by(*group), values)).all()


async def stream(
    session: AsyncSession, owner_id: UUID, asked: TransactionFilter, *, by_account: bool
) -> AsyncIterator[Sequence[Row[*tuple[Any, ...]]]]:
    """Yield the columns LISTED of the rows that match, some hundreds at a time, from a cursor of the database.

    Newest first; with `by_account` those of banks before those of cards, by account and currency, oldest first.
    """
    conditions, values = matching(owner_id, asked)
    statement = listed().where(*conditions)
    if by_account:
        cards = select(Account.id).where(Account.owner_id == owner_id, Account.type == "CREDIT")
        statement = statement.order_by(
            Transaction.account_id.in_(cards),
            Transaction.account_id,
            Transaction.currency_code,
            Transaction.date,
            Transaction.id,
        )
    else:
        statement = statement.order_by(Transaction.date.desc(), Transaction.id.desc())
    result = await session.stream(statement, values, execution_options={"yield_per": ROWS_AT_ONCE})
    async for part in result.partitions():
        yield part
