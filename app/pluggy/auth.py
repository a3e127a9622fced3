"""The API key: how long it lives, who keeps it, and its renewal, one at a time."""

import asyncio
import base64
import binascii
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import httpx
import msgspec

from app.pluggy.decode import Answer, read_error_body, symbolic_code

KEY_HEADER: Final = "X-API-KEY"
EXPIRY_MARGIN_SECONDS: Final = 120.0
LIFETIME_WITHOUT_EXPIRY_SECONDS: Final = 6_000.0  # a real key lives 2 h
SHORTEST_LIFETIME_SECONDS: Final = 10.0  # even for a key that looks expired: our clock may be wrong


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key and the seconds for which it may be kept."""

    value: str = field(repr=False)
    lifetime_seconds: float


Renew = Callable[[], Awaitable[ApiKey]]


class ApiKeyStore(Protocol):
    """Keeps the one key in use."""

    async def get(self, renew: Renew) -> str:
        """The key held, else a new one from `renew`, which runs once however many ask at the same time."""

    async def discard(self, key: str) -> None:
        """Forget the key if it is still the one held; another one has replaced it otherwise (R41)."""


class MemoryApiKeyStore:
    """A store for one process."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._held: tuple[str, float] | None = None  # key, when it is to be forgotten
        self._flight: asyncio.Task[str] | None = None

    async def get(self, renew: Renew) -> str:
        """The key held, else a new one; a caller that goes away does not stop the renewal that others wait for."""
        if self._held is not None and self._now() < self._held[1]:
            return self._held[0]
        if self._flight is None:
            self._flight = asyncio.create_task(self._renew(renew))
            self._flight.add_done_callback(self._land)
        return await asyncio.shield(self._flight)

    async def discard(self, key: str) -> None:
        """Forget the key if it is still the one held."""
        if self._held is not None and self._held[0] == key:
            self._held = None

    async def _renew(self, renew: Renew) -> str:
        key = await renew()
        self._held = (key.value, self._now() + key.lifetime_seconds)
        return key.value

    def _land(self, flight: "asyncio.Task[str]") -> None:
        self._flight = None
        if not flight.cancelled():
            flight.exception()  # seen, even when every caller has gone away


class ApiKeyAuth(httpx.Auth):
    """Puts the key on each request, and repeats a request once with a new key when its own was refused."""

    def __init__(self, store: ApiKeyStore, renew: Renew) -> None:
        self._store = store
        self._renew = renew

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send, and on a refused key renew and send once more."""
        key = await self._store.get(self._renew)
        request.headers[KEY_HEADER] = key
        response = yield request
        if is_key_refused(response):
            await self._store.discard(key)
            request.headers[KEY_HEADER] = await self._store.get(self._renew)
            yield request


def is_key_refused(response: httpx.Response) -> bool:
    """Whether the key was refused: 401, or 403 without a symbolic code. A coded 403 is about the thing asked for."""
    if response.status_code != 403:
        return response.status_code == 401
    answer = Answer("", 403, response.headers, response.content)
    return symbolic_code(read_error_body(answer)) is None


def lifetime_seconds(key: str, *, now: float, ceiling_hours: float) -> float:
    """How long to keep a key: until 2 minutes before its own `exp`, at most the ceiling; 100 minutes without `exp`."""
    expiry = _expiry(key)
    if expiry is None:
        return LIFETIME_WITHOUT_EXPIRY_SECONDS
    return max(min(ceiling_hours * 3600, expiry - now - EXPIRY_MARGIN_SECONDS), SHORTEST_LIFETIME_SECONDS)


def _expiry(key: str) -> float | None:
    """The `exp` of a JWT, None when there is none to read. Unverified: it only says how long to keep our own key."""
    try:
        payload = key.split(".")[1]
        claims: Any = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error, msgspec.DecodeError):
        return None
