"""SQL of what clients read of the ledger.

Removed rows are never seen: `removed_at IS NULL` is the predicate of the index that every list walks. The rows of a
connection that is being deleted are removed in the transaction that begins its deletion.
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.connections.models import BankConnection
from app.transactions.filters import TransactionFilter
from app.transactions.models import Transaction, TransactionRevision

LISTED = (
    "id", "pluggy_id", "account_id", "date", "occurred_at", "amount", "currency_code", "original_amount",
    "original_currency_code", "direction", "status", "description", "pluggy_category_id", "pluggy_category",
    "counterparty_name", "installment_number", "total_installments", "note", "tags", "ignored",
)  # fmt: skip
"""Columns of a list's row: all small, so that a page costs half of what whole rows would."""

_COMPARISONS: tuple[tuple[str, Any, Callable[[Any, Any], ColumnElement[bool]]], ...] = (
    ("account_id", Transaction.account_id, operator.eq),
    ("date_from", Transaction.date, operator.ge),
    ("date_to", Transaction.date, operator.le),
    ("amount_from", Transaction.amount, operator.ge),
    ("amount_to", Transaction.amount, operator.le),
    ("direction", Transaction.direction, operator.eq),
    ("status", Transaction.status, operator.eq),
)
_listed = [getattr(Transaction, name) for name in LISTED]


class TransactionOfConnection(NamedTuple):
    """A transaction, and the connection that brings it."""

    transaction: Transaction
    connection: BankConnection


def _visible(owner_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Transaction.owner_id == owner_id, Transaction.removed_at.is_(None)


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    asked: TransactionFilter,
    *,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the columns LISTED of rows that match, newest first by (date, id), strictly after that key."""
    statement = select(*_listed).where(*_visible(owner_id), *_conditions(owner_id, asked))
    if after is not None:
        statement = statement.where(tuple_(Transaction.date, Transaction.id) < after)
    newest_first = statement.order_by(Transaction.date.desc(), Transaction.id.desc()).limit(limit)
    return (await session.execute(newest_first)).all()


def _conditions(owner_id: UUID, asked: TransactionFilter) -> Iterator[ColumnElement[bool]]:
    for name, column, holds in _COMPARISONS:
        value = getattr(asked, name)
        if value is not None:
            yield holds(column, value)
    if asked.connection_id is not None:
        yield Transaction.account_id.in_(
            select(Account.id).where(Account.owner_id == owner_id, Account.connection_id == asked.connection_id)
        )
    if asked.category_prefix is not None:
        yield Transaction.pluggy_category_id.startswith(asked.category_prefix)
    if asked.counterparty is not None:
        yield Transaction.counterparty_name.icontains(asked.counterparty, autoescape=True)


async def find(session: AsyncSession, owner_id: UUID, transaction_id: UUID) -> TransactionOfConnection | None:
    """Return the transaction unless it is absent or removed."""
    statement = (
        select(Transaction, BankConnection)
        .join(Account, (Account.owner_id == owner_id) & (Account.id == Transaction.account_id))
        .join(BankConnection, (BankConnection.owner_id == owner_id) & (BankConnection.id == Account.connection_id))
        .where(*_visible(owner_id), Transaction.id == transaction_id, BankConnection.deleting_at.is_(None))
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else TransactionOfConnection(row[0], row[1])


async def exists(session: AsyncSession, owner_id: UUID, transaction_id: UUID) -> bool:
    """Tell whether the owner can see the transaction."""
    statement = select(Transaction.id).where(*_visible(owner_id), Transaction.id == transaction_id)
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def list_revisions(
    session: AsyncSession,
    owner_id: UUID,
    transaction_id: UUID,
    *,
    after: tuple[int, UUID] | None,
    limit: int,
) -> Sequence[TransactionRevision]:
    """Return what became of the transaction, newest first by (change_number, id), strictly after that key."""
    statement = select(TransactionRevision).where(
        TransactionRevision.owner_id == owner_id, TransactionRevision.transaction_id == transaction_id
    )
    if after is not None:
        statement = statement.where(tuple_(TransactionRevision.change_number, TransactionRevision.id) < after)
    newest_first = statement.order_by(TransactionRevision.change_number.desc(), TransactionRevision.id.desc())
    return (await session.execute(newest_first.limit(limit))).scalars().all()
