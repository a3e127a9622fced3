"""SQL of what clients read of the ledger.

Removed rows are never seen: `removed_at IS NULL` is the predicate of the index that every list walks. The rows of a
connection that is being deleted are removed in the transaction that begins its deletion.
"""

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, any_, bindparam, select, tuple_
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.accounts.models import Account
from app.connections.models import BankConnection
from app.reading import read_rows
from app.transactions.counting import COUNTS_AS
from app.transactions.filters import TransactionFilter
from app.transactions.models import Transaction, TransactionRevision

LISTED = (
    "id", "pluggy_id", "account_id", "date", "occurred_at", "amount", "currency_code", "original_amount",
    "original_currency_code", "direction", "status", "description", "pluggy_category_id", "pluggy_category",
    "counterparty_name", "installment_number", "total_installments", "note", "tags", "ignored",
)  # fmt: skip
"""Columns of a list's row: all small, so that a page costs half of what whole rows would."""

_listed = [getattr(Transaction, name) for name in LISTED]
_own_accounts = select(Account.id).where(
    Account.owner_id == bindparam("owner_id"), Account.connection_id == bindparam("connection_id")
)
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "account_id": Transaction.account_id == bindparam("account_id"),
    "connection_id": Transaction.account_id.in_(_own_accounts),
    "date_from": Transaction.date >= bindparam("date_from"),
    "date_to": Transaction.date <= bindparam("date_to"),
    "amount_from": Transaction.amount >= bindparam("amount_from"),
    "amount_to": Transaction.amount <= bindparam("amount_to"),
    "direction": Transaction.direction == bindparam("direction"),
    "status": Transaction.status == bindparam("status"),
    "category": Transaction.pluggy_category_id.like(bindparam("category")),
    "counterparty": Transaction.counterparty_name.ilike(bindparam("counterparty"), escape="\\"),
    "currency_code": Transaction.currency_code == bindparam("currency_code"),
    "counts_as": bindparam("counts_as") == COUNTS_AS,
    "ids": Transaction.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
    "after": tuple_(Transaction.date, Transaction.id) < tuple_(bindparam("after_date"), bindparam("after_id")),
}


class TransactionOfConnection(NamedTuple):
    """A transaction, and the connection that brings it."""

    transaction: Transaction
    connection: BankConnection


def _visible(owner_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Transaction.owner_id == owner_id, Transaction.removed_at.is_(None)


async def list_page(
    engine: AsyncEngine,
    owner_id: UUID,
    asked: TransactionFilter,
    *,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the columns LISTED of rows that match, newest first by (date, id), strictly after that key."""
    values = _values(asked)
    conditions = tuple(values)
    if after is not None:
        conditions += ("after",)
        values["after_date"], values["after_id"] = after
    values |= {"owner_id": owner_id, "limit": limit}
    text, names = page_statement(conditions)
    return await read_rows(engine, owner_id, text, tuple(values[name] for name in names))


def matching(owner_id: UUID, asked: TransactionFilter) -> tuple[Sequence[ColumnElement[bool]], dict[str, Any]]:
    """Return the conditions of the rows that a list under this filter shows, and the values of their parameters."""
    values = _values(asked)
    mine = (Transaction.owner_id == bindparam("owner_id"), Transaction.removed_at.is_(None))
    return (*mine, *(_CONDITIONS[name] for name in values)), {**values, "owner_id": owner_id}


@cache
def page_statement(conditions: tuple[str, ...]) -> tuple[str, Sequence[str]]:
    """Return the SQL of a page under these conditions, and the names of its parameters in their order.

    Composed once for each set of conditions, and sent as it is: the ORM's way of sending a statement and reading its
    rows costs three times the query.
    """
    statement = (
        select(*_listed)
        .where(
            Transaction.owner_id == bindparam("owner_id"),
            Transaction.removed_at.is_(None),
            *(_CONDITIONS[name] for name in conditions),
        )
        .order_by(Transaction.date.desc(), Transaction.id.desc())
        .limit(bindparam("limit"))
    )
    compiled = statement.compile(dialect=asyncpg.dialect())  # type: ignore[no-untyped-call] # SQLAlchemy's
    return compiled.string, tuple(compiled.positiontup or ())


def _values(asked: TransactionFilter) -> dict[str, Any]:
    values = asked.model_dump(exclude_none=True)
    if asked.category is not None:
        values["category"] = f"{asked.category_prefix}%"
    if asked.counterparty is not None:
        values["counterparty"] = "%" + re.sub(r"([\\%_])", r"\\\1", asked.counterparty) + "%"
    return values


async def list_changed(
    session: AsyncSession, owner_id: UUID, *, after: tuple[int, UUID], limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return rows changed since the key (change_number, id), in its order, removed ones included.

    The columns are LISTED, then change_number, created_number and whether the row was removed.
    """
    statement = (
        select(*_listed, Transaction.change_number, Transaction.created_number, Transaction.removed_at.is_not(None))
        .where(
            Transaction.owner_id == owner_id,
            tuple_(Transaction.change_number, Transaction.id) > after,
        )
        .order_by(Transaction.change_number, Transaction.id)
        .limit(limit)
    )
    return (await session.execute(statement)).all()


async def list_run_revisions(
    session: AsyncSession, owner_id: UUID, run_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[TransactionRevision]:
    """Return what a run changed, in the order it did, strictly after the revision `after`."""
    statement = select(TransactionRevision).where(
        TransactionRevision.owner_id == owner_id, TransactionRevision.run_id == run_id
    )
    if after is not None:
        statement = statement.where(TransactionRevision.id > after)
    return (await session.execute(statement.order_by(TransactionRevision.id).limit(limit))).scalars().all()


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
