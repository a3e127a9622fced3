"""From an Authorization header to the caller."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from app.api_keys import service as api_keys
from app.database import Sessions, in_transaction
from app.owners import service
from app.owners.errors import InvalidToken, NotAuthenticated, OwnerNotFound, OwnerNotNamed
from app.owners.principal import Principal
from app.owners.tokens import TokenVerifier
from app.vault import Vault

KEEP_SECONDS: Final = 60.0
"""How long a verified token is not verified again: so long may a key outlive its removal from the JWKS."""

KEEP_KEY_SECONDS: Final = 30.0
"""How long an API key is not looked up again: so long may it outlive its revocation (R52)."""

_MAX_TOKENS: Final = 10_000
_MAX_OWNERS: Final = 100_000
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class BoundedCache(Generic[_Key, _Value]):
    """A dict that forgets its oldest entries beyond `size`."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: dict[_Key, _Value] = {}

    def get(self, key: _Key) -> _Value | None:
        return self._held.get(key)

    def put(self, key: _Key, value: _Value) -> None:
        self._held[key] = value
        if len(self._held) > self._size:
            del self._held[next(iter(self._held))]


@dataclass(frozen=True, slots=True)
class _KeyOfAll:
    """An API key for all owners: a caller only together with the owner that a request names."""

    key_id: UUID
    scopes: frozenset[str]


_Caller = Principal | _KeyOfAll


class Authenticator:
    """Tells who calls. Owners are made at their first valid token; what was found is remembered in memory."""

    def __init__(
        self, verifier: TokenVerifier, sessions: Sessions, vault: Vault, *, now: Callable[[], float] = time.time
    ) -> None:
        self._verifier = verifier
        self._sessions = sessions
        self._vault = vault
        self._now = now
        self._callers = BoundedCache[bytes, tuple[_Caller, float]](_MAX_TOKENS)
        self._owners = BoundedCache[tuple[str, str], UUID](_MAX_OWNERS)
        self._known_owners = BoundedCache[UUID, bool](_MAX_OWNERS)

    async def authenticate(self, authorization: str | None, named_owner: str | None = None) -> Principal:
        """Return the caller; `named_owner` is the header `Banking-Owner`, which a key for all owners needs.

        Raises NotAuthenticated, InvalidToken, IdentityProviderUnavailable, OwnerNotNamed, OwnerNotFound.
        """
        caller = await self._caller(_bearer_token(authorization))
        if isinstance(caller, _KeyOfAll):
            return Principal(await self._existing(named_owner), caller.scopes, "api_key", caller.key_id)
        if named_owner is not None and _owner_id(named_owner) != caller.id:
            raise OwnerNotFound
        return caller

    async def _caller(self, token: str) -> _Caller:
        digest = hashlib.sha256(token.encode()).digest()
        known = self._callers.get(digest)
        if known is not None and self._now() < known[1]:
            return known[0]
        caller, until = await (self._by_key(token) if token.startswith(api_keys.PREFIX) else self._by_token(token))
        self._callers.put(digest, (caller, until))
        return caller

    async def _by_token(self, token: str) -> tuple[Principal, float]:
        claims = await self._verifier.verify(token)
        owner_id = await self._owner_id(claims.issuer, claims.subject)
        return Principal(owner_id, claims.scopes, "person"), min(self._now() + KEEP_SECONDS, claims.expires_at)

    async def _by_key(self, secret: str) -> tuple[_Caller, float]:
        grant = await in_transaction(
            self._sessions, None, lambda session: api_keys.find_grant(session, self._vault, secret)
        )
        if grant is None:
            raise InvalidToken("The API key is unknown, expired or revoked.")
        until = min(self._now() + KEEP_KEY_SECONDS, grant.ends_at.timestamp())
        if grant.owner_id is None:
            return _KeyOfAll(grant.key_id, grant.scopes), until
        return Principal(grant.owner_id, grant.scopes, "api_key", grant.key_id), until

    async def _owner_id(self, issuer: str, subject: str) -> UUID:
        held = self._owners.get((issuer, subject))
        if held is None:
            held = await in_transaction(
                self._sessions, None, lambda session: service.get_or_create(session, issuer, subject)
            )
            self._owners.put((issuer, subject), held)
        return held

    async def _existing(self, named_owner: str | None) -> UUID:
        if named_owner is None:
            raise OwnerNotNamed
        owner_id = _owner_id(named_owner)
        if owner_id is None:
            raise OwnerNotFound
        if not self._known_owners.get(owner_id):
            if not await in_transaction(self._sessions, None, lambda session: service.exists(session, owner_id)):
                raise OwnerNotFound
            self._known_owners.put(owner_id, True)
        return owner_id


def _bearer_token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated
    return token.strip()


def _owner_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
