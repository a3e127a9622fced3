"""API keys in the database. The table is under no row-level security: the owner stands in every statement (R53)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.api_keys.models import ApiKey

_USE_RESOLUTION = timedelta(minutes=1)


class Grant(NamedTuple):
    """What a live secret allows, and until when: the end of the key, or of the rotated secret."""

    key_id: UUID
    owner_id: UUID | None
    scopes: frozenset[str]
    ends_at: datetime


async def find_grant(session: AsyncSession, hashes: Sequence[bytes]) -> Grant | None:
    """Return what the secret with one of these hashes allows now, and note its use; None for no live secret."""
    is_current = ApiKey.secret_hash.in_(hashes)
    ends_at = case((is_current, ApiKey.expires_at), else_=func.least(ApiKey.previous_until, ApiKey.expires_at))
    matches = or_(is_current, ApiKey.previous_hash.in_(hashes))
    statement = select(ApiKey.id, ApiKey.owner_id, ApiKey.scopes, ends_at.label("ends_at")).where(
        matches, ends_at > func.now(), ApiKey.revoked_at.is_(None)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    await _note_use(session, row.id)
    return Grant(row.id, row.owner_id, frozenset(row.scopes), row.ends_at)


async def _note_use(session: AsyncSession, key_id: UUID) -> None:
    is_stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.now() - _USE_RESOLUTION)
    await session.execute(update(ApiKey).where(ApiKey.id == key_id, is_stale).values(last_used_at=func.now()))


async def add(session: AsyncSession, key: ApiKey) -> ApiKey:
    """Insert a key and return it as stored."""
    session.add(key)
    await session.flush()
    await session.refresh(key)
    return key


async def count_live(session: AsyncSession, owner_id: UUID | None) -> int:
    """Return how many keys of the owner are not revoked."""
    counted = select(func.count()).select_from(ApiKey).where(_of(owner_id), ApiKey.revoked_at.is_(None))
    return await session.scalar(counted) or 0


async def list_page(
    session: AsyncSession, owner_id: UUID | None, *, before: UUID | None, limit: int
) -> Sequence[ApiKey]:
    """Return the owner's keys that are not revoked, newest first."""
    statement = select(ApiKey).where(_of(owner_id), ApiKey.revoked_at.is_(None))
    if before is not None:
        statement = statement.where(ApiKey.id < before)
    return (await session.scalars(statement.order_by(ApiKey.id.desc()).limit(limit))).all()


async def find(session: AsyncSession, owner_id: UUID | None, key_id: UUID) -> ApiKey | None:
    """Return the owner's key unless it is revoked, locked until the transaction ends."""
    statement = select(ApiKey).where(and_(_of(owner_id), ApiKey.id == key_id, ApiKey.revoked_at.is_(None)))
    return (await session.scalars(statement.with_for_update())).one_or_none()


async def change(session: AsyncSession, key: ApiKey, columns: dict[str, Any]) -> ApiKey:
    """Set columns of the key and return it as stored."""
    await session.execute(update(ApiKey).where(ApiKey.id == key.id).values(columns))
    await session.refresh(key)
    return key


def _of(owner_id: UUID | None) -> ColumnElement[bool]:
    return ApiKey.owner_id.is_(None) if owner_id is None else ApiKey.owner_id == owner_id
