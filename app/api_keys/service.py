"""Use cases of API keys, each inside the caller's transaction."""

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.api_keys import repository
from app.api_keys.errors import ApiKeyNotFound, TooManyApiKeys
from app.api_keys.models import ApiKey
from app.api_keys.repository import Grant
from app.audit.service import record_act
from app.ids import new_id
from app.owners.principal import KeyScope
from app.vault import Vault

PREFIX: Final = "bk_"
OVERLAP: Final = timedelta(hours=24)
"""How long the old secret works beside the new one after a rotation."""

MAX_KEYS: Final = 50
_SECRET: Final = re.compile(r"bk_[A-Za-z0-9_-]{43}")
_HINT_CHARACTERS: Final = 7
_PURPOSE: Final = "api key"


def make_secret() -> str:
    """Return a fresh secret: 256 random bits behind the prefix that scanners of leaked secrets look for."""
    return PREFIX + secrets.token_urlsafe(32)


async def find_grant(session: AsyncSession, vault: Vault, secret: str) -> Grant | None:
    """Return what the secret allows now; None when it is unknown, expired, rotated away or revoked."""
    if not _SECRET.fullmatch(secret):
        return None
    return await repository.find_grant(session, vault.fingerprints(secret, purpose=_PURPOSE))


async def create(
    session: AsyncSession,
    vault: Vault,
    owner_id: UUID | None,
    *,
    name: str,
    scopes: Sequence[KeyScope],
    lifetime_days: int,
    actor: str,
) -> tuple[ApiKey, str]:
    """Return a new key of the owner, of all owners with None, and its secret, which nobody can read again.

    Raises TooManyApiKeys.
    """
    if await repository.count_live(session, owner_id) >= MAX_KEYS:
        raise TooManyApiKeys(MAX_KEYS)
    secret = make_secret()
    row = ApiKey(
        id=new_id(),
        owner_id=owner_id,
        name=name,
        hint=secret[:_HINT_CHARACTERS],
        scopes=sorted(set(scopes)),
        secret_hash=vault.fingerprint(secret, purpose=_PURPOSE),
        lifetime_days=lifetime_days,
        expires_at=func.now() + timedelta(days=lifetime_days),
    )
    key = await repository.add(session, row)
    details = {"scopes": key.scopes, "expires_at": key.expires_at}
    await record_act(session, "api_key.created", actor=actor, owner_id=owner_id, subject_id=key.id, details=details)
    return key, secret


async def get(session: AsyncSession, owner_id: UUID | None, key_id: UUID) -> ApiKey:
    """Return the owner's key. Raises ApiKeyNotFound."""
    key = await repository.find(session, owner_id, key_id)
    if key is None:
        raise ApiKeyNotFound(key_id)
    return key


async def list_page(
    session: AsyncSession, owner_id: UUID | None, *, before: UUID | None, limit: int
) -> Sequence[ApiKey]:
    """Return the owner's keys, newest first, made before the given one."""
    return await repository.list_page(session, owner_id, before=before, limit=limit)


async def rotate(session: AsyncSession, vault: Vault, key: ApiKey, *, actor: str) -> tuple[ApiKey, str]:
    """Return the key, its lifetime begun anew, and its new secret; the old one works for `OVERLAP` (R52).

    Rotated again within that time, the oldest secret ends at once.
    """
    secret = make_secret()
    columns = {
        "hint": secret[:_HINT_CHARACTERS],
        "previous_hash": key.secret_hash,
        "previous_until": func.least(func.now() + OVERLAP, ApiKey.expires_at),
        "secret_hash": vault.fingerprint(secret, purpose=_PURPOSE),
        "expires_at": func.now() + timedelta(days=key.lifetime_days),
        "rotated_at": func.now(),
    }
    changed = await repository.change(session, key, columns)
    await record_act(session, "api_key.rotated", actor=actor, owner_id=key.owner_id, subject_id=key.id)
    return changed, secret


async def revoke(session: AsyncSession, owner_id: UUID | None, key_id: UUID, *, actor: str) -> None:
    """End the key and both its secrets; no process believes them for longer than a minute (R52).

    Raises ApiKeyNotFound.
    """
    key = await get(session, owner_id, key_id)
    await repository.change(session, key, {"revoked_at": func.now(), "previous_hash": None, "previous_until": None})
    await record_act(session, "api_key.revoked", actor=actor, owner_id=owner_id, subject_id=key_id)
