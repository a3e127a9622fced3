"""Owners in the database."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.owners.models import Owner


async def find_id(session: AsyncSession, issuer: str, subject: str) -> UUID | None:
    """Return the id of the owner of that issuer and subject, if there is one."""
    return await session.scalar(select(Owner.id).where(Owner.issuer == issuer, Owner.subject == subject))


async def add(session: AsyncSession, owner_id: UUID, issuer: str, subject: str) -> bool:
    """Add an owner; False when another transaction has just added the same one."""
    row = insert(Owner).values(id=owner_id, issuer=issuer, subject=subject)
    added = await session.scalar(row.on_conflict_do_nothing(index_elements=["issuer", "subject"]).returning(Owner.id))
    return added is not None


async def exists(session: AsyncSession, owner_id: UUID) -> bool:
    """Tell whether there is an owner of that id."""
    return await session.scalar(select(Owner.id).where(Owner.id == owner_id)) is not None
