"""Doing a request once, however often it is sent (R60)."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.idempotency import repository
from app.idempotency.errors import IdempotencyKeyReused, RequestInFlight
from app.ids import new_id
from app.vault import Vault, row_place

_PURPOSE = "idempotency"
_COLUMN = "idempotency_keys.body"


class Answer(NamedTuple):
    """What was answered; sealed at rest, since it may hold personal data."""

    status: int
    headers: dict[str, Any]
    body: bytes


async def begin(session: AsyncSession, vault: Vault, owner_id: UUID, *, key: str, request: str) -> UUID | Answer:
    """Return the claim under which the request may be done, or the answer that it had before.

    `key` names caller and key, `request` the whole request. Commit the claim before the work begins: others see by it
    that the request is in flight. Raises RequestInFlight, IdempotencyKeyReused.
    """
    await repository.prune(session, owner_id)
    key_hash, claim_id = vault.fingerprint(key, purpose=_PURPOSE), new_id()
    request_hash = vault.fingerprint(request, purpose=_PURPOSE)
    if await repository.claim(session, owner_id, claim_id, key_hash, request_hash):
        return claim_id
    kept = await repository.find(session, owner_id, key_hash)
    if kept is None:  # it was given free a moment ago
        raise RequestInFlight
    if kept.request_hash not in vault.fingerprints(request, purpose=_PURPOSE):
        raise IdempotencyKeyReused
    if kept.status is None or kept.body is None:
        raise RequestInFlight
    body = vault.open(kept.body, place=row_place(_COLUMN, owner_id, kept.id))
    return Answer(kept.status, kept.headers or {}, body)


async def keep(session: AsyncSession, vault: Vault, owner_id: UUID, claim_id: UUID, answer: Answer) -> None:
    """Keep the answer for 24 hours."""
    sealed = vault.seal(answer.body, place=row_place(_COLUMN, owner_id, claim_id))
    await repository.keep(session, owner_id, claim_id, status=answer.status, headers=answer.headers, body=sealed)


async def release(session: AsyncSession, owner_id: UUID, claim_id: UUID) -> None:
    """Let the same key be used again: the request was refused or failed."""
    await repository.release(session, owner_id, claim_id)


async def forget(session: AsyncSession, owner_id: UUID) -> None:
    """Remove the owner's kept answers, for a deletion of what they tell (R68)."""
    await repository.forget(session, owner_id)
