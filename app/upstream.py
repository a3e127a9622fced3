"""What all processes share about Pluggy through Redis: the API key and the limits. Both do without it (R1)."""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.pluggy.auth import ApiKey, MemoryApiKeyStore, Renew
from app.pluggy.errors import PluggyRateLimited
from app.pluggy.limits import PER_MINUTE, Group, Lane
from app.vault import Vault, VaultError

REDIS_SECONDS: Final = 1.0  # Redis is near; past this it counts as absent
REST_SECONDS: Final = 5.0  # an absent Redis is not asked again for this long

LOCK_MILLISECONDS: Final = 15_000  # outlives a renewal, and frees the others when its holder was killed
POLL_SECONDS: Final = 0.05

WINDOW_SECONDS: Final = 60.0
SHARE_OF_VENDOR_LIMIT: Final = 0.8
SHARE_FOR_BATCH: Final = 0.8  # the fifth that is left is for people
SHARE_WITHOUT_REDIS: Final = 0.25  # how many other processes there are is unknown then
PATIENCE_SECONDS: Final = {Lane.USER: 5.0, Lane.BATCH: 75.0}

_DELETE_IF_EQUAL: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisAbsent(Exception):
    """Redis did not answer."""


class _Reach:
    """Redis while it answers; after a failure it is left alone for a moment, so that nobody waits for it in turn."""

    def __init__(self, redis: Redis, now: Callable[[], float]) -> None:
        self._redis = redis
        self._now = now
        self._rests_until = float("-inf")

    async def ask(self, *command: str | bytes | int) -> Any:
        """The answer to a command. Raises RedisAbsent."""
        if self._now() < self._rests_until:
            raise RedisAbsent
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]  # as redis-py has it
        except (RedisError, OSError, TimeoutError):
            self._rests_until = self._now() + REST_SECONDS
            raise RedisAbsent from None


class RedisApiKeyStore:
    """An ApiKeyStore for all processes: the key sealed in Redis, renewed by one process at a time (R41, R65).

    Each process also remembers the key, so Redis is asked once for each key, and its absence leaves one renewal a
    process. `account` tells whose key it is: the base URL and client id.
    """

    def __init__(self, redis: Redis, vault: Vault, *, account: str, now: Callable[[], float] = time.monotonic) -> None:
        self._reach = _Reach(redis, now)
        self._vault = vault
        self._memory = MemoryApiKeyStore(now=now)
        self._place = b"pluggy api key " + account.encode()
        name = hashlib.sha256(account.encode()).hexdigest()[:16]
        self._name = f"pluggy:key:{name}"
        self._lock = f"pluggy:key:{name}:lock"

    async def get(self, renew: Renew) -> str:
        """The key held here or in Redis, else a new one."""
        return await self._memory.get(lambda: self._shared(renew))

    async def discard(self, key: str) -> None:
        """Forget the key if it is still the one held."""
        with suppress(RedisAbsent):
            sealed = await self._reach.ask("GET", self._name)
            if sealed is not None and self._open(sealed) == key:
                await self._reach.ask("EVAL", _DELETE_IF_EQUAL, 1, self._name, sealed)
        await self._memory.discard(key)  # last: else a renewal that starts now would find the old key in Redis

    async def _shared(self, renew: Renew) -> ApiKey:
        token = secrets.token_bytes(16)
        try:
            # Another process is waited for, so nothing here could set an event.
            while (key := await self._read()) is None and not await self._take_lock(token):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
        except RedisAbsent:
            return await renew()
        if key is not None:
            return key
        try:
            return await self._read_or_renew(renew)
        finally:
            with suppress(RedisAbsent):
                await self._reach.ask("EVAL", _DELETE_IF_EQUAL, 1, self._lock, token)

    async def _take_lock(self, token: bytes) -> bool:
        return bool(await self._reach.ask("SET", self._lock, token, "NX", "PX", LOCK_MILLISECONDS))

    async def _read_or_renew(self, renew: Renew) -> ApiKey:
        with suppress(RedisAbsent):
            if (key := await self._read()) is not None:
                return key
        key = await renew()
        sealed = self._vault.seal(key.value.encode(), place=self._place)
        with suppress(RedisAbsent):
            await self._reach.ask("SET", self._name, sealed, "PX", int(key.lifetime_seconds * 1000))
        return key

    async def _read(self) -> ApiKey | None:
        sealed = await self._reach.ask("GET", self._name)
        milliseconds = await self._reach.ask("PTTL", self._name)
        value = None if sealed is None else self._open(sealed)
        return None if value is None or milliseconds <= 0 else ApiKey(value, milliseconds / 1000)

    def _open(self, sealed: bytes) -> str | None:
        """The key, None when it can't be read: sealed under a key that is gone, or not by us."""
        try:
            return self._vault.open(sealed, place=self._place).decode()
        except (VaultError, IndexError, ValueError):
            return None


@dataclass(slots=True)
class _LocalWindow:
    """The window of one group in one process."""

    ends_at: float = 0.0
    paused_until: float = 0.0
    total: int = 0
    by_lane: dict[Lane, int] = field(default_factory=dict)

    def take(self, lane: Lane, now: float, *, total: int, share: int) -> float:
        """Seconds to wait, 0 when a request may leave, which is then counted."""
        if now < self.paused_until:
            return self.paused_until - now
        if now >= self.ends_at:
            self.ends_at, self.total, self.by_lane = now + WINDOW_SECONDS, 0, {}
        taken = self.by_lane.get(lane, 0)
        if self.total >= total or taken >= share:
            return self.ends_at - now
        self.total += 1
        self.by_lane[lane] = taken + 1
        return 0.0


_TAKE: Final = """
local paused = redis.call('PTTL', KEYS[2])
if paused > 0 then return paused end
local total = tonumber(redis.call('HGET', KEYS[1], 'total') or '0')
local taken = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if total >= tonumber(ARGV[2]) or taken >= tonumber(ARGV[3]) then
  return math.max(redis.call('PTTL', KEYS[1]), 1)
end
redis.call('HINCRBY', KEYS[1], 'total', 1)
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
if total == 0 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 0
"""
_PAUSE: Final = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], 1, 'PX', ARGV[1]) end
"""


class Usage(NamedTuple):
    """Requests of a group in the minute under way, how many may be made in it, and for how long Pluggy wants none."""

    group: Group
    used: int
    of: int
    paused_seconds: float


class SharedLimiter:
    """A Limiter for all processes behind one address: fixed one-minute windows with bursts, in Redis (R37, R38).

    A window begins with its first request. Without Redis each process keeps to a quarter of the share.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        window_seconds: float = WINDOW_SECONDS,
    ) -> None:
        self._reach = _Reach(redis, now)
        self._now = now
        self._sleep = sleep
        self._window_milliseconds = int(window_seconds * 1000)
        self._local: dict[Group, _LocalWindow] = {group: _LocalWindow() for group in Group}

    async def acquire(self, group: Group, lane: Lane) -> None:
        """Return when one request may leave; raises PluggyRateLimited if that is longer than the lane waits."""
        patience_ends = self._now() + PATIENCE_SECONDS[lane]
        while (wait := await self._take(group, lane)) > 0:
            if self._now() + wait > patience_ends:
                raise PluggyRateLimited(f"our share of the {group} limit is used up", retry_after=wait)
            await self._sleep(wait)

    async def pause(self, group: Group, seconds: float) -> None:
        """Let nothing of the group leave for that long; a longer pause under way stays."""
        local = self._local[group]
        local.paused_until = max(local.paused_until, self._now() + seconds)
        with suppress(RedisAbsent):
            milliseconds = max(int(seconds * 1000), 1)
            await self._reach.ask("EVAL", _PAUSE, 1, self._names(group)[1], milliseconds)

    async def usage(self) -> list[Usage]:
        """Return how far each group's window is used up, of all processes together; raises RedisAbsent."""
        found = []
        for group in Group:
            window, pause = self._names(group)
            used = int(await self._reach.ask("HGET", window, "total") or 0)
            paused = max(float(await self._reach.ask("PTTL", pause)) / 1000, 0.0)
            found.append(Usage(group, used, shares(group, Lane.USER)[0], paused))
        return found

    async def _take(self, group: Group, lane: Lane) -> float:
        total, share = shares(group, lane)
        arguments = (lane.value, total, share, self._window_milliseconds)
        try:
            wait = await self._reach.ask("EVAL", _TAKE, 2, *self._names(group), *arguments)
        except RedisAbsent:
            total, share = shares(group, lane, of=SHARE_WITHOUT_REDIS)
            return self._local[group].take(lane, self._now(), total=total, share=share)
        return float(wait) / 1000

    @staticmethod
    def _names(group: Group) -> tuple[str, str]:
        stem = f"pluggy:limit:{{{group}}}"  # braces keep both on one node of a cluster
        return f"{stem}:window", f"{stem}:pause"


def shares(group: Group, lane: Lane, *, of: float = 1.0) -> tuple[int, int]:
    """Requests a window: for everyone together, and for the lane."""
    total = PER_MINUTE[group] * SHARE_OF_VENDOR_LIMIT * of
    return int(total), int(total * SHARE_FOR_BATCH) if lane is Lane.BATCH else int(total)
