"""Who the tenants are."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import new_id
from app.owners import repository


async def get_or_create(session: AsyncSession, issuer: str, subject: str) -> UUID:
    """Return the id of the owner behind a token, made at its first valid one (R51)."""
    found = await repository.find_id(session, issuer, subject)
    if found is not None:
        return found
    fresh = new_id()
    if await repository.add(session, fresh, issuer, subject):
        return fresh
    added_meanwhile = await repository.find_id(session, issuer, subject)
    assert added_meanwhile is not None  # noqa: S101 # the conflict has just shown it
    return added_meanwhile


async def exists(session: AsyncSession, owner_id: UUID) -> bool:
    """Tell whether there is an owner of that id."""
    return await repository.exists(session, owner_id)
