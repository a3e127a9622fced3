"""The identity provider's public keys: fetched, judged, kept, and fetched again with restraint (R50)."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from app.owners.errors import IdentityProviderUnavailable

log = structlog.get_logger()

FRESH_SECONDS: Final = 900.0
UNKNOWN_KEY_SECONDS: Final = 300.0
AFTER_FAILURE_SECONDS: Final = 30.0
FIRST_FETCH_SECONDS: Final = 1.0
FETCH_TIMEOUT_SECONDS: Final = 1.5

_RSA_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256")
_MIN_RSA_BITS: Final = 2048

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True)
class VerificationKey:
    """A public key and the only algorithms that it may verify."""

    key: PublicKey
    algorithms: tuple[str, ...]


class KeySet:
    """The keys behind one JWKS address, by `kid`. While the provider is away, the keys held keep working."""

    def __init__(self, url: str, http: httpx.AsyncClient, *, now: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._http = http
        self._now = now
        self._keys: dict[str, VerificationKey] | None = None
        self._next_refresh = 0.0
        self._next_search = 0.0
        self._fetching = asyncio.Lock()

    async def find(self, kid: str) -> VerificationKey | None:
        """Return the key of that id, None for an unknown one. Raises IdentityProviderUnavailable without any key."""
        if self._is_due(kid) and not (self._keys and self._fetching.locked()):
            async with self._fetching:
                if self._is_due(kid):
                    await self._refetch()
        if self._keys is None:
            raise IdentityProviderUnavailable
        return self._keys.get(kid)

    def _is_due(self, kid: str) -> bool:
        now = self._now()
        is_unknown = self._keys is not None and kid not in self._keys
        return now >= self._next_refresh or (is_unknown and now >= self._next_search)

    async def _refetch(self) -> None:
        if self._now() < self._next_refresh:  # it is an unknown key that asks
            self._next_search = self._now() + UNKNOWN_KEY_SECONDS
        try:
            answer = await self._http.get(self._url, timeout=FETCH_TIMEOUT_SECONDS)
            answer.raise_for_status()
            self._keys = read_keys(answer.json())
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            log.warning("jwks_not_read", error=type(error).__name__)
            wait = FIRST_FETCH_SECONDS if self._keys is None else AFTER_FAILURE_SECONDS
        else:
            wait = FRESH_SECONDS
        self._next_refresh = self._now() + wait


def read_keys(jwks: Any) -> dict[str, VerificationKey]:
    """Return the usable keys of a JSON Web Key Set; weak, symmetric and nameless ones are refused, each logged.

    Raises ValueError, TypeError or KeyError for something that is no key set.
    """
    keys = {}
    for jwk in jwks["keys"]:
        kid = jwk.get("kid")
        key = _read_key(jwk) if isinstance(kid, str) and jwk.get("use", "sig") == "sig" else None
        if key is None:
            log.warning("jwk_refused", kid=kid, kty=jwk.get("kty"))
        else:
            keys[kid] = key
    return keys


def _read_key(jwk: dict[str, Any]) -> VerificationKey | None:
    if jwk.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    try:
        key = PyJWK(jwk).key
    except (PyJWTError, ValueError, TypeError):
        return None
    allowed = _algorithms(key)
    declared = jwk.get("alg")
    if declared is not None:
        allowed = tuple(name for name in allowed if name == declared)
    return VerificationKey(key, allowed) if allowed else None


def _algorithms(key: object) -> tuple[str, ...]:
    match key:
        case RSAPublicKey() if key.key_size >= _MIN_RSA_BITS:
            return _RSA_ALGORITHMS
        case EllipticCurvePublicKey(curve=SECP256R1()):
            return ("ES256",)
        case EllipticCurvePublicKey(curve=SECP384R1()):
            return ("ES384",)
        case Ed25519PublicKey():
            return ("EdDSA",)
    return ()
