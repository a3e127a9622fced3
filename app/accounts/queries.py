"""SQL of what clients read of accounts, and of the two fields that are theirs to write."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.connections.models import BankConnection


class AccountOfConnection(NamedTuple):
    """An account, and the connection that brings it."""

    account: Account
    connection: BankConnection


def _visible(owner_id: UUID) -> Select[Account, BankConnection]:
    return (
        select(Account, BankConnection)
        .join(
            BankConnection,
            (BankConnection.owner_id == Account.owner_id) & (BankConnection.id == Account.connection_id),
        )
        .where(
            Account.owner_id == owner_id,
            Account.removed_at.is_(None),
            BankConnection.owner_id == owner_id,
            BankConnection.deleting_at.is_(None),
        )
    )


async def find(session: AsyncSession, owner_id: UUID, account_id: UUID) -> AccountOfConnection | None:
    """Return the account unless it is absent, removed, or its connection is being deleted."""
    row = (await session.execute(_visible(owner_id).where(Account.id == account_id))).one_or_none()
    return None if row is None else AccountOfConnection(row[0], row[1])


class CurrencySum(NamedTuple):
    """What the accounts in one currency hold together; cards count below zero when money is owed."""

    currency_code: str
    accounts: int
    assets: Decimal
    debts: Decimal
    unknown: int
    """Accounts whose balance nobody has told; they are in no sum."""

    oldest_at: datetime | None


async def sum_by_currency(session: AsyncSession, owner_id: UUID, *, with_hidden: bool) -> Sequence[CurrencySum]:
    """Return a sum for each currency, by its code."""
    seen = _visible(owner_id).with_only_columns(*Account.__table__.columns).subquery()
    balance = seen.c.balance
    statement = select(
        seen.c.currency_code,
        func.count(),
        func.coalesce(func.sum(balance).filter(balance > 0), Decimal(0)),
        func.coalesce(func.sum(balance).filter(balance < 0), Decimal(0)),
        func.count().filter(balance.is_(None)),
        func.min(seen.c.balance_at),
    ).group_by(seen.c.currency_code)
    if not with_hidden:
        statement = statement.where(~seen.c.hidden)
    return [CurrencySum(*row) for row in await session.execute(statement.order_by(seen.c.currency_code))]


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    *,
    connection_id: UUID | None,
    account_type: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[AccountOfConnection]:
    """Return accounts, oldest first, strictly after the key (created_at, id)."""
    statement = _visible(owner_id)
    if connection_id is not None:
        statement = statement.where(Account.connection_id == connection_id)
    if account_type is not None:
        statement = statement.where(Account.type == account_type)
    if after is not None:
        statement = statement.where(tuple_(Account.created_at, Account.id) > after)
    rows = await session.execute(statement.order_by(Account.created_at, Account.id).limit(limit))
    return [AccountOfConnection(row[0], row[1]) for row in rows]


async def annotate(
    session: AsyncSession, owner_id: UUID, account_id: UUID, fields: dict[str, Any], *, change_number: int
) -> bool:
    """Write what the person decided; False when the account was removed meanwhile."""
    statement = (
        update(Account)
        .where(Account.owner_id == owner_id, Account.id == account_id, Account.removed_at.is_(None))
        .values(**fields, change_number=change_number, updated_at=func.now())
        .returning(Account.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None
