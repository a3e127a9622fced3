"""From an Authorization header to the caller."""

import hashlib
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar
from uuid import UUID

from app.database import Sessions, in_transaction
from app.owners import service
from app.owners.errors import NotAuthenticated
from app.owners.principal import Principal
from app.owners.tokens import TokenVerifier

KEEP_SECONDS: Final = 60.0
"""How long a verified token is not verified again: so long may a key outlive its removal from the JWKS."""

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


class Authenticator:
    """Tells who calls. Owners are made at their first valid token; both steps are remembered in memory."""

    def __init__(self, verifier: TokenVerifier, sessions: Sessions, *, now: Callable[[], float] = time.time) -> None:
        self._verifier = verifier
        self._sessions = sessions
        self._now = now
        self._callers = BoundedCache[bytes, tuple[Principal, float]](_MAX_TOKENS)
        self._owners = BoundedCache[tuple[str, str], UUID](_MAX_OWNERS)

    async def authenticate(self, authorization: str | None) -> Principal:
        """Return the caller. Raises NotAuthenticated, InvalidToken, IdentityProviderUnavailable."""
        token = _bearer_token(authorization)
        digest = hashlib.sha256(token.encode()).digest()
        known = self._callers.get(digest)
        if known is not None and self._now() < known[1]:
            return known[0]
        claims = await self._verifier.verify(token)
        owner_id = await self._owner_id(claims.issuer, claims.subject)
        principal = Principal(owner_id, claims.scopes, "person")
        self._callers.put(digest, (principal, min(self._now() + KEEP_SECONDS, claims.expires_at)))
        return principal

    async def _owner_id(self, issuer: str, subject: str) -> UUID:
        held = self._owners.get((issuer, subject))
        if held is None:
            held = await in_transaction(
                self._sessions, None, lambda session: service.get_or_create(session, issuer, subject)
            )
            self._owners.put((issuer, subject), held)
        return held


def _bearer_token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated
    return token.strip()
