"""Who the tenants are."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.clock import utc_now
from app.ids import new_id
from app.jobs import Kind
from app.owners import repository

_FIRST_PRUNE = timedelta(days=1)


async def get_or_create(session: AsyncSession, issuer: str, subject: str) -> UUID:
    """Return the id of the owner behind a token, made at its first valid one (R51)."""
    found = await repository.find_id(session, issuer, subject)
    if found is not None:
        return found
    fresh = new_id()
    if await repository.add(session, fresh, issuer, subject):
        await owed.add(session, Kind.PRUNE, fresh, fresh, due_at=utc_now() + _FIRST_PRUNE)
        return fresh
    added_meanwhile = await repository.find_id(session, issuer, subject)
    assert added_meanwhile is not None  # noqa: S101 # the conflict has just shown it
    return added_meanwhile


async def exists(session: AsyncSession, owner_id: UUID) -> bool:
    """Tell whether there is an owner of that id."""
    return await repository.exists(session, owner_id)
