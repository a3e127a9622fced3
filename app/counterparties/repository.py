"""SQL of counterparties."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, String, any_, delete, exists, func, insert, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.counterparties.models import Counterparty
from app.transactions.models import Transaction


async def known(
    session: AsyncSession, owner_id: UUID, *, hashes: Collection[bytes], names: Collection[str]
) -> Sequence[Counterparty]:
    """Return the counterparties with one of these documents or names."""
    statement = select(Counterparty).where(
        Counterparty.owner_id == owner_id,
        or_(
            Counterparty.document_hash == any_(literal(list(hashes), ARRAY(LargeBinary))),
            Counterparty.normalized_name == any_(literal(list(names), ARRAY(String))),
        ),
    )
    return (await session.scalars(statement)).all()


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Keep new counterparties."""
    await session.execute(insert(Counterparty), rows)


async def sealed_payments(session: AsyncSession, owner_id: UUID, ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """Return the sealed payments of these transactions, of those that have one."""
    statement = select(Transaction.id, Transaction.payment).where(
        Transaction.owner_id == owner_id, Transaction.id.in_(list(ids)), Transaction.payment.is_not(None)
    )
    return {row_id: payment for row_id, payment in await session.execute(statement) if payment is not None}


async def list_page(
    session: AsyncSession, owner_id: UUID, *, search: str | None, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Counterparty]:
    """Return counterparties by name, strictly after the key (name, id)."""
    statement = select(Counterparty).where(Counterparty.owner_id == owner_id)
    if search:
        statement = statement.where(Counterparty.normalized_name.contains(search, autoescape=True))
    if after is not None:
        statement = statement.where(tuple_(Counterparty.name, Counterparty.id) > after)
    return (await session.scalars(statement.order_by(Counterparty.name, Counterparty.id).limit(limit))).all()


async def find(session: AsyncSession, owner_id: UUID, counterparty_id: UUID) -> Counterparty | None:
    """Return the counterparty, or None."""
    return await session.get(Counterparty, (owner_id, counterparty_id))


async def totals(session: AsyncSession, owner_id: UUID, counterparty_id: UUID) -> Sequence[Any]:
    """Return per currency how many live transactions there are, their first and last day, and what went out and in."""
    amount = Transaction.amount
    statement = (
        select(
            Transaction.currency_code,
            func.count(),
            func.min(Transaction.date),
            func.max(Transaction.date),
            func.coalesce(func.sum(amount).filter(amount < 0), 0),
            func.coalesce(func.sum(amount).filter(amount > 0), 0),
        )
        .where(
            Transaction.owner_id == owner_id,
            Transaction.counterparty_id == counterparty_id,
            Transaction.removed_at.is_(None),
        )
        .group_by(Transaction.currency_code)
        .order_by(Transaction.currency_code)
    )
    return (await session.execute(statement)).all()


async def drop_unused(session: AsyncSession, owner_id: UUID) -> None:
    """Forget the counterparties that no live transaction names (R35)."""
    named = exists().where(
        Transaction.owner_id == owner_id,
        Transaction.counterparty_id == Counterparty.id,
        Transaction.removed_at.is_(None),
    )
    await session.execute(delete(Counterparty).where(Counterparty.owner_id == owner_id, ~named))
