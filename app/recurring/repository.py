"""SQL of recurring series."""

from collections.abc import AsyncIterator, Collection, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    Uuid,
    any_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.database import hash_joins
from app.recurring.models import RecurringSeries
from app.transactions.models import Transaction
from app.transactions.movements import Movement, movement_of, select_movements

_PART = 2_000

_payee: ColumnElement[str] = func.coalesce(
    case((Transaction.counterparty_document_hash.is_not(None), cast(Transaction.counterparty_id, String))),
    func.translate(func.lower(Transaction.description), "0123456789", ""),
)
"""Whoever has a document, else the text: a shop's name comes and goes with what Pluggy knows of it."""

_key = (Transaction.account_id, Transaction.amount < 0, _payee)


async def payees_changed(session: AsyncSession, owner_id: UUID, *, since: int) -> AsyncIterator[list[Movement]]:
    """Yield all that recurs or may, one payee of an account and direction after the other.

    Of payees with a transaction that changed, or was removed, after a change number; own transfers and card payments
    left out.
    """
    conditions: list[ColumnElement[bool]] = [Transaction.internal_kind.is_(None)]
    if since:
        changed = select(*_key).where(Transaction.owner_id == owner_id, Transaction.change_number > since)
        conditions.append(tuple_(*_key).in_(changed))
    statement = select_movements(owner_id, *conditions).add_columns(*_key).order_by(*_key)
    async with hash_joins(session):
        result = await session.stream(statement)
    waiting: list[Any] = []
    async for part in result.partitions(_PART):
        for _, group in groupby(part, key=lambda row: tuple(row[-3:])):
            rows = list(group)
            if waiting and tuple(waiting[-1][-3:]) != tuple(rows[0][-3:]):
                yield [movement_of(row) for row in waiting]
                waiting = []
            waiting += rows
    if waiting:
        yield [movement_of(row) for row in waiting]


async def all_series(session: AsyncSession, owner_id: UUID) -> Sequence[RecurringSeries]:
    """Return all of the owner's series."""
    return (await session.scalars(select(RecurringSeries).where(RecurringSeries.owner_id == owner_id))).all()


async def gone_among(session: AsyncSession, owner_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these transactions are removed, or turned out to be internal."""
    statement = select(Transaction.id).where(
        Transaction.owner_id == owner_id,
        Transaction.id == any_(literal(list(ids), ARRAY(Uuid))),
        Transaction.removed_at.is_not(None) | Transaction.internal_kind.is_not(None),
    )
    return set((await session.scalars(statement)).all())


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Keep new series."""
    await session.execute(insert(RecurringSeries), rows)


async def change(session: AsyncSession, owner_id: UUID, series_id: UUID, columns: dict[str, Any]) -> None:
    """Change a series."""
    await session.execute(
        update(RecurringSeries)
        .where(RecurringSeries.owner_id == owner_id, RecurringSeries.id == series_id)
        .values(**columns, updated_at=func.now())
    )


async def drop(session: AsyncSession, owner_id: UUID, ids: Collection[UUID]) -> None:
    """Forget series."""
    await session.execute(
        delete(RecurringSeries).where(RecurringSeries.owner_id == owner_id, RecurringSeries.id.in_(ids))
    )


async def find(session: AsyncSession, owner_id: UUID, series_id: UUID) -> RecurringSeries | None:
    """Return the series, or None."""
    return await session.get(RecurringSeries, (owner_id, series_id))


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the series of a connection's accounts (R35)."""
    accounts = select(Account.id).where(Account.owner_id == owner_id, Account.connection_id == connection_id)
    await session.execute(
        delete(RecurringSeries).where(RecurringSeries.owner_id == owner_id, RecurringSeries.account_id.in_(accounts))
    )
