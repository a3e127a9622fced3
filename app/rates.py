"""How often a caller may ask: one-minute windows, counted in memory and shared by all processes through Redis (R62).

A request never waits for Redis. Each process counts for itself and settles with the shared counter behind the
request: at a caller's first request, then after every fiftieth part of the limit and every second. So all processes
together may exceed a limit by a few hundredths; without Redis, each keeps to the limit by itself (R70).
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.settings import ServiceSettings

log = structlog.get_logger()

WINDOW_SECONDS: Final = 60
_SETTLE_SECONDS: Final = 1.0
_REST_SECONDS: Final = 5.0  # an absent Redis is not asked again for this long
_BATCHES: Final = 50
_MAX_CALLERS: Final = 100_000


class Rate(StrEnum):
    """Classes of routes. People's and keys' requests count by caller, the others by address."""

    READ = "read"
    WRITE = "write"
    COSTLY = "costly"
    """Asks the bank, or much of the database."""

    PUBLIC = "public"
    REFUSED = "refused"
    """Requests that nobody could be made out for, by address."""


def limits_of(service: ServiceSettings) -> dict[Rate, int]:
    """Return the limits per minute that the settings give; 0 is none."""
    return {
        Rate.READ: service.rate_limit_reads,
        Rate.WRITE: service.rate_limit_writes,
        Rate.COSTLY: service.rate_limit_costly,
        Rate.PUBLIC: service.rate_limit_public,
        Rate.REFUSED: service.rate_limit_public,
    }


@dataclass(frozen=True, slots=True)
class Allowance:
    """Where a caller stands in its window."""

    limit: int
    remaining: int
    reset_seconds: int
    is_spent: bool

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The standing as answers tell it."""
        told = {
            "ratelimit-limit": self.limit,
            "ratelimit-remaining": self.remaining,
            "ratelimit-reset": self.reset_seconds,
        }
        return [(name.encode(), str(value).encode()) for name, value in told.items()]


@dataclass(slots=True)
class _Tally:
    """One caller in one window: `shared` is the last known total, `own` what it does not hold yet."""

    shared: int = 0
    own: int = 0
    next_settling: float = 0.0


class RateLimiter:
    """Counts requests by class and caller; a class without a limit is not counted."""

    def __init__(self, redis: Redis, per_minute: Mapping[Rate, int], *, now: Callable[[], float] = time.time) -> None:
        self._items = {rate: RateLimitItemPerMinute(limit) for rate, limit in per_minute.items() if limit > 0}
        pool = redis.connection_pool
        self._storage = RedisStorage(
            "redis://",
            implementation="redispy",
            key_prefix="banking:rates",
            connection_pool=pool,  # type: ignore[arg-type] # as its documentation says
        )
        self._now = now
        self._window = 0
        self._tallies: dict[tuple[Rate, str], _Tally] = {}
        self._rests_until = 0.0
        self._settlings: set[asyncio.Task[None]] = set()

    def spend(self, rate: Rate, caller: str) -> Allowance | None:
        """Count one request and return the caller's standing; `is_spent` refuses it. None where nothing is limited."""
        item = self._items.get(rate)
        if item is None:
            return None
        now = self._now()
        reset = math.ceil((now // WINDOW_SECONDS + 1) * WINDOW_SECONDS - now)
        tally = self._tally(rate, caller, int(now // WINDOW_SECONDS))
        if tally.shared + tally.own >= item.amount:
            return Allowance(item.amount, 0, reset, is_spent=True)
        tally.own += 1
        if now >= tally.next_settling or tally.own * _BATCHES >= item.amount:
            self._start_settling(item, tally, f"{rate} {caller} {self._window}", now)
        return Allowance(item.amount, max(item.amount - tally.shared - tally.own, 0), reset, is_spent=False)

    async def aclose(self) -> None:
        """Let what is under way come to its end."""
        await asyncio.gather(*self._settlings)

    def _tally(self, rate: Rate, caller: str, window: int) -> _Tally:
        if window != self._window or len(self._tallies) >= _MAX_CALLERS:
            self._window, self._tallies = window, {}
        return self._tallies.setdefault((rate, caller), _Tally())

    def _start_settling(self, item: RateLimitItemPerMinute, tally: _Tally, name: str, now: float) -> None:
        tally.next_settling = now + _SETTLE_SECONDS
        if now < self._rests_until:
            return
        amount, tally.own, tally.shared = tally.own, 0, tally.shared + tally.own
        task = asyncio.create_task(self._settle(item.key_for(name), tally, amount))
        self._settlings.add(task)
        task.add_done_callback(self._settlings.discard)

    async def _settle(self, key: str, tally: _Tally, amount: int) -> None:
        try:
            total = await self._storage.incr(key, 2 * WINDOW_SECONDS, amount)
        except (RedisError, OSError, TimeoutError) as error:
            self._rests_until = self._now() + _REST_SECONDS
            log.warning("rates_not_shared", error=type(error).__name__)
        else:
            tally.shared = max(tally.shared, total)
