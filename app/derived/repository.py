"""SQL of the mark up to which meaning is derived."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
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


async def changed(session: AsyncSession, owner_id: UUID, *, since: int) -> Sequence[UUID]:
    """Return the owner's transactions that changed, or were removed, after a change number."""
    statement = select(Transaction.id).where(Transaction.owner_id == owner_id, Transaction.change_number > since)
    return (await session.scalars(statement.order_by(Transaction.id))).all()


async def put_mark(session: AsyncSession, owner_id: UUID, change_number: int, *, version: int) -> None:
    """Note that everything up to a change number is derived."""
    values = {"change_number": change_number, "version": version}
    statement = insert(DerivationMark).values(owner_id=owner_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["owner_id"], set_=values))
