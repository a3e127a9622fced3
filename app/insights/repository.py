"""SQL of the insights that are kept, and of what they are found by."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.charges.models import BankCharge
from app.connections.models import BankConnection
from app.insights.models import Insight
from app.links.models import LinkKind, LinkState, TransactionLink
from app.transactions.models import Transaction


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    *,
    kind: str | None,
    state: str | None,
    is_dismissed: bool | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Insight]:
    """Return insights, the newest first, strictly before that id."""
    statement = select(Insight).where(Insight.owner_id == owner_id)
    if kind is not None:
        statement = statement.where(Insight.kind == kind)
    if state is not None:
        statement = statement.where(Insight.state == state)
    if is_dismissed is not None:
        statement = statement.where(Insight.dismissed_at.is_not(None) == is_dismissed)
    if before is not None:
        statement = statement.where(Insight.id < before)
    return (await session.execute(statement.order_by(Insight.id.desc()).limit(limit))).scalars().all()


async def find(session: AsyncSession, owner_id: UUID, insight_id: UUID) -> Insight | None:
    """Return the insight, None when it is absent."""
    return await session.get(Insight, (owner_id, insight_id))


async def held(session: AsyncSession, owner_id: UUID, keys: Sequence[tuple[str, str]]) -> Sequence[Insight]:
    """Return the insights that are open, or have one of these kinds and keys."""
    statement = select(Insight).where(
        Insight.owner_id == owner_id,
        or_(Insight.state == "open", tuple_(Insight.kind, Insight.key).in_(keys)),
    )
    return (await session.execute(statement)).scalars().all()


async def add(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert insights."""
    await session.execute(insert(Insight), [dict(row) for row in rows])


async def change(session: AsyncSession, owner_id: UUID, insight_id: UUID, columns: Mapping[str, Any]) -> None:
    """Write these columns of an insight."""
    await session.execute(
        update(Insight).where(Insight.owner_id == owner_id, Insight.id == insight_id).values(**columns)
    )


async def drop_over(session: AsyncSession, owner_id: UUID) -> None:
    """Delete the insights that are no longer so."""
    await session.execute(delete(Insight).where(Insight.owner_id == owner_id, Insight.state == "over"))


class Duplicate(NamedTuple):
    """Two rows that are so alike that one of them may be too many."""

    link_id: UUID
    transaction_id: UUID
    other_id: UUID
    amount: Decimal
    currency_code: str
    day: date


async def duplicates(session: AsyncSession, owner_id: UUID, *, since: date) -> Sequence[Duplicate]:
    """Return the pairs of rows alike that nobody rejected, whose later row is of that day or after."""
    later = aliased(Transaction)
    statement = (
        select(
            TransactionLink.id,
            TransactionLink.transaction_id,
            TransactionLink.other_id,
            TransactionLink.amount,
            TransactionLink.currency_code,
            later.date,
        )
        .join(later, (later.owner_id == owner_id) & (later.id == TransactionLink.other_id))
        .where(
            TransactionLink.owner_id == owner_id,
            TransactionLink.kind == LinkKind.DUPLICATE,
            TransactionLink.state != LinkState.REJECTED,
            later.date >= since,
            later.removed_at.is_(None),
        )
    )
    return [Duplicate(*row) for row in await session.execute(statement)]


class ChargesOfMonth(NamedTuple):
    """What banks took for themselves in a month; negative."""

    month: date
    currency_code: str
    amount: Decimal
    ids: list[UUID]


async def charges(session: AsyncSession, owner_id: UUID, *, since: date, until: date) -> Sequence[ChargesOfMonth]:
    """Return fees, interest, fines and taxes on credit by month and currency."""
    month = func.date_trunc("month", Transaction.date)
    statement = (
        select(
            func.min(Transaction.date),
            Transaction.currency_code,
            func.sum(Transaction.amount),
            func.array_agg(Transaction.id),
        )
        .join(BankCharge, (BankCharge.owner_id == owner_id) & (BankCharge.transaction_id == Transaction.id))
        .where(
            Transaction.owner_id == owner_id,
            Transaction.removed_at.is_(None),
            Transaction.ignored.is_(False),
            Transaction.date.between(since, until),
        )
        .group_by(month, Transaction.currency_code)
    )
    return [
        ChargesOfMonth(first.replace(day=1), code, amount, sorted(ids))
        for first, code, amount, ids in await session.execute(statement)
    ]


class StaleConnection(NamedTuple):
    """A connection that brings nothing new; `since` is the last visit to its bank that did."""

    id: UUID
    since: datetime


async def stale_connections(
    session: AsyncSession, owner_id: UUID, *, now: datetime, after: timedelta
) -> Sequence[StaleConnection]:
    """Return the connections whose bank was last visited longer ago than that, or never since they were made."""
    visited = func.coalesce(BankConnection.item_updated_at, BankConnection.created_at)
    statement = select(BankConnection.id, visited).where(
        BankConnection.owner_id == owner_id, BankConnection.deleting_at.is_(None), visited < now - after
    )
    return [StaleConnection(*row) for row in await session.execute(statement)]
