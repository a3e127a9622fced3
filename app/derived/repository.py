"""SQL of the mark up to which meaning is derived."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.derived.models import DerivationMark
from app.transactions.models import Transaction


async def mark(session: AsyncSession, owner_id: UUID, *, version: int) -> int:
    """Return the change number up to which everything is derived by this version of the rules; 0 for nothing."""
    statement = select(DerivationMark.change_number).where(
        DerivationMark.owner_id == owner_id, DerivationMark.version == version
    )
    return (await session.execute(statement)).scalar_one_or_none() or 0


async def starts_of_changed(session: AsyncSession, owner_id: UUID, *, since: int, part: int) -> Sequence[UUID]:
    """Return every `part`-th of the owner's transactions that changed, or were removed, after a change number."""
    place = func.row_number().over(order_by=Transaction.id) - 1
    rows = select(Transaction.id, place.label("place")).where(*_changed(owner_id, since)).subquery()
    return (await session.scalars(select(rows.c.id).where(rows.c.place % part == 0).order_by(rows.c.id))).all()


async def changed(
    session: AsyncSession, owner_id: UUID, *, since: int, start: UUID, end: UUID | None
) -> Sequence[UUID]:
    """Return those of them from `start` on and before `end`, in order."""
    until = () if end is None else (Transaction.id < end,)
    statement = select(Transaction.id).where(*_changed(owner_id, since), Transaction.id >= start, *until)
    return (await session.scalars(statement.order_by(Transaction.id))).all()


def _changed(owner_id: UUID, since: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Transaction.owner_id == owner_id, Transaction.change_number > since


async def put_mark(session: AsyncSession, owner_id: UUID, change_number: int, *, version: int) -> None:
    """Note that everything up to a change number is derived."""
    values = {"change_number": change_number, "version": version}
    statement = insert(DerivationMark).values(owner_id=owner_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["owner_id"], set_=values))
