"""SQL of consents: rows are inserted and read, never changed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.consents.models import Consent
from app.ids import new_id


async def latest(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> Sequence[Consent]:
    """Return the newest version of each consent of the connection."""
    statement = (
        select(Consent)
        .ext(distinct_on(Consent.pluggy_id))
        .where(Consent.owner_id == owner_id, Consent.connection_id == connection_id)
        .order_by(Consent.pluggy_id, Consent.version.desc())
    )
    return (await session.execute(statement)).scalars().all()


async def history(session: AsyncSession, owner_id: UUID, connection_id: UUID, *, limit: int) -> Sequence[Consent]:
    """Return what was seen of the connection's consents, newest first."""
    statement = (
        select(Consent)
        .where(Consent.owner_id == owner_id, Consent.connection_id == connection_id)
        .order_by(Consent.id.desc())
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()


async def append(session: AsyncSession, owner_id: UUID, connection_id: UUID, **columns: Any) -> bool:
    """Insert a version; False when somebody else has just inserted the same one."""
    statement = (
        insert(Consent)
        .values(owner_id=owner_id, id=new_id(), connection_id=connection_id, **columns)
        .on_conflict_do_nothing()
        .returning(Consent.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None
