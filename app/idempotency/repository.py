"""Kept answers in the database."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.idempotency.models import IdempotencyKey

KEPT: Final = timedelta(hours=24)
HELD: Final = timedelta(minutes=2)
"""Longer than any request takes: after it, a request without an answer was lost with its process."""


class KeptAnswer(NamedTuple):
    """What is known of a request; without a status it is in flight."""

    id: UUID
    request_hash: bytes
    status: int | None
    headers: dict[str, Any] | None
    body: bytes | None


async def claim(session: AsyncSession, owner_id: UUID, claim_id: UUID, key_hash: bytes, request_hash: bytes) -> bool:
    """Take the key for a new request; False when another request has it. A lost or expired one is taken over."""
    fresh = {
        "id": claim_id,
        "request_hash": request_hash,
        "status": None,
        "headers": None,
        "body": None,
        "held_until": func.now() + HELD,
        "expires_at": func.now() + KEPT,
        "created_at": func.now(),
    }
    is_lost = IdempotencyKey.status.is_(None) & (IdempotencyKey.held_until <= func.now())
    statement = (
        insert(IdempotencyKey)
        .values(owner_id=owner_id, key_hash=key_hash, **fresh)
        .on_conflict_do_update(
            index_elements=["owner_id", "key_hash"],
            set_=fresh,
            where=or_(IdempotencyKey.expires_at <= func.now(), is_lost),
        )
        .returning(IdempotencyKey.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def find(session: AsyncSession, owner_id: UUID, key_hash: bytes) -> KeptAnswer | None:
    """Return what is known of the request that has the key."""
    columns: Sequence[Any] = [getattr(IdempotencyKey, name) for name in KeptAnswer._fields]
    statement = select(*columns).where(IdempotencyKey.owner_id == owner_id, IdempotencyKey.key_hash == key_hash)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else KeptAnswer(*row)


async def keep(
    session: AsyncSession, owner_id: UUID, claim_id: UUID, *, status: int, headers: dict[str, Any], body: bytes
) -> None:
    """Keep the answer of the request that has taken the key; nothing when it has lost it."""
    statement = update(IdempotencyKey).where(IdempotencyKey.owner_id == owner_id, IdempotencyKey.id == claim_id)
    await session.execute(statement.values(status=status, headers=headers, body=body))


async def release(session: AsyncSession, owner_id: UUID, claim_id: UUID) -> None:
    """Give the key free: the request had no effect."""
    await session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.owner_id == owner_id, IdempotencyKey.id == claim_id)
    )


async def prune(session: AsyncSession, owner_id: UUID) -> None:
    """Remove the owner's answers that have been kept long enough."""
    is_over = IdempotencyKey.expires_at <= func.now()
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.owner_id == owner_id, is_over))


async def forget(session: AsyncSession, owner_id: UUID) -> None:
    """Remove the owner's answers; requests in flight stay."""
    is_answered = IdempotencyKey.status.is_not(None)
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.owner_id == owner_id, is_answered))
