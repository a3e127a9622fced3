"""What processes share through Redis, and what is left without it (R1, R37, R38, R41, R65)."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from app.pluggy.auth import ApiKey
from app.pluggy.errors import PluggyAuthError, PluggyRateLimited
from app.pluggy.limits import PER_MINUTE, Group, Lane
from app.upstream import REST_SECONDS, RedisApiKeyStore, SharedLimiter, shares
from app.vault import Vault
from sandbox.stack.valkey import ValkeyServer
from tests.pluggy.caller import ITEM, make_store
from tests.serving import running_server

PROCESSES, CALLERS = 2, 50


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    """An empty Redis database."""
    async with Redis.from_url(valkey_url) as client:
        await client.flushdb()
        yield client


@pytest.fixture
async def no_redis() -> AsyncIterator[Redis]:
    """A client of a port where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with Redis(port=port) as client:
        yield client


class Renewal:
    """Gives out key-1, key-2, ..., each after a moment."""

    def __init__(self, *, lifetime_seconds: float = 6_000.0) -> None:
        self.count = 0
        self.lifetime_seconds = lifetime_seconds

    async def __call__(self) -> ApiKey:
        self.count += 1
        key = ApiKey(f"key-{self.count}", self.lifetime_seconds)
        await asyncio.sleep(0.05)
        return key


class CountingPluggy:
    """Refuses every key but its own; renewals are slow, so that a second one has time to start."""

    def __init__(self) -> None:
        self.renewals = 0
        self.refusals = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/auth":
            self.renewals += 1
            await asyncio.sleep(0.3)
            await self._answer(send, 200, {"apiKey": f"fresh-{self.renewals}"})
        elif dict(scope["headers"])[b"x-api-key"].startswith(b"fresh"):
            await self._answer(send, 200, {"id": str(ITEM)})
        else:
            self.refusals += 1
            await self._answer(send, 403, {"code": 403, "message": "Forbidden"})

    @staticmethod
    async def _answer(send: Any, status: int, body: dict[str, Any]) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def call_from_processes(base_url: str, valkey_url: str) -> list[int]:
    """How many calls succeeded in each process; all begin together."""
    command = (sys.executable, "-m", "tests.pluggy.caller", base_url, valkey_url, str(CALLERS))
    pipe = asyncio.subprocess.PIPE
    processes = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(PROCESSES)]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    return [int(output) for output, _ in outputs]


async def test_100_callers_in_two_processes_renew_an_expired_key_once(redis: Redis, valkey_url: str) -> None:
    """R41"""
    pluggy = CountingPluggy()
    await make_store(redis).get(lambda: asyncio.sleep(0, ApiKey("expired", 6_000)))

    async with running_server(pluggy, lifespan="off") as server, asyncio.timeout(30):
        succeeded = await call_from_processes(server.address, valkey_url)

    assert succeeded == [CALLERS] * PROCESSES
    assert pluggy.renewals == 1
    assert pluggy.refusals > CALLERS  # both processes did hold the expired key


async def test_a_second_process_takes_the_key_of_the_first(redis: Redis) -> None:
    renewal = Renewal()

    keys = await asyncio.gather(make_store(redis).get(renewal), make_store(redis).get(renewal))
    late = await make_store(redis).get(renewal)

    assert (set(keys), late, renewal.count) == ({"key-1"}, "key-1", 1)


@pytest.mark.parametrize("seconds", [82_800.0, 6_000.0])
async def test_redis_keeps_a_key_for_its_lifetime(redis: Redis, seconds: float) -> None:
    """R41"""
    await make_store(redis).get(Renewal(lifetime_seconds=seconds))

    names = [name async for name in redis.scan_iter("pluggy:key:*")]
    assert len(names) == 1  # the lock is gone
    assert seconds - 5 <= await redis.ttl(names[0]) <= seconds


async def test_redis_never_sees_the_key_itself(redis: Redis) -> None:
    """R65"""
    await make_store(redis).get(Renewal())

    held = [name + (await redis.get(name) or b"") async for name in redis.scan_iter("*")]
    assert held
    assert not [value for value in held if b"key-1" in value]


async def test_a_key_sealed_for_another_account_or_by_a_lost_secret_is_not_used(redis: Redis) -> None:
    await make_store(redis).get(Renewal())
    names = [name async for name in redis.scan_iter("pluggy:key:*")]

    other_account = RedisApiKeyStore(redis, Vault({"k1": b"0" * 32}), account="other")
    foreign = Renewal()
    await other_account.get(foreign)
    await redis.set(names[0], b"junk", ex=100)
    repaired = Renewal()
    await make_store(redis).get(repaired)

    assert (foreign.count, repaired.count) == (1, 1)


async def test_only_the_key_that_failed_leaves_redis(redis: Redis) -> None:
    """R41: a process with an old key must not take the new one from the others."""
    renewal = Renewal()
    slow, quick = make_store(redis), make_store(redis)
    await slow.get(renewal)
    await quick.get(renewal)

    await quick.discard("key-1")
    renewed = await quick.get(renewal)
    await slow.discard("key-1")
    taken = await slow.get(renewal)

    assert (renewed, taken, renewal.count) == ("key-2", "key-2", 2)


async def test_a_failed_renewal_frees_the_lock(redis: Redis) -> None:
    async def refused() -> ApiKey:
        raise PluggyAuthError("refused", status=401)

    store = make_store(redis)
    with pytest.raises(PluggyAuthError):
        await store.get(refused)

    async with asyncio.timeout(1):
        assert await store.get(Renewal()) == "key-1"


async def test_a_flushed_redis_costs_nothing_but_a_renewal(redis: Redis) -> None:
    """R1"""
    renewal = Renewal()
    store = make_store(redis)
    await store.get(renewal)

    await redis.flushdb()
    kept = await store.get(renewal)
    elsewhere = await make_store(redis).get(renewal)

    assert (kept, elsewhere, renewal.count) == ("key-1", "key-2", 2)


async def test_without_redis_a_process_renews_once_and_remembers(no_redis: Redis) -> None:
    """R1"""
    renewal = Renewal()
    store = make_store(no_redis)

    keys = await asyncio.gather(*(store.get(renewal) for _ in range(20)))
    await store.discard("key-1")
    renewed = await store.get(renewal)

    assert (set(keys), renewed, renewal.count) == ({"key-1"}, "key-2", 2)


async def test_a_redis_that_stops_and_returns_is_left_and_used_again(tmp_path: Path) -> None:
    """R1"""
    clock = [0.0]
    server = ValkeyServer(tmp_path / "valkey")
    await asyncio.to_thread(server.start)
    async with Redis.from_url(server.url()) as redis:
        limiter = SharedLimiter(redis, now=lambda: clock[0])
        store = RedisApiKeyStore(redis, Vault({"k1": b"0" * 32}), account="a", now=lambda: clock[0])
        try:
            await limiter.acquire(Group.ACCOUNTS, Lane.USER)
            await store.get(Renewal())
            await asyncio.to_thread(server.stop)

            await limiter.acquire(Group.ACCOUNTS, Lane.USER)
            await store.discard("key-1")
            renewed = await store.get(Renewal())

            await asyncio.to_thread(server.start)
            clock[0] += REST_SECONDS
            await limiter.acquire(Group.ITEM_UPDATES, Lane.USER)
            counted = await redis.hget("pluggy:limit:{item_updates}:window", "total")
        finally:
            await asyncio.to_thread(server.stop)

    assert (renewed, counted) == ("key-1", b"1")


async def test_a_redis_that_hangs_is_not_waited_for_twice() -> None:
    """R1, R72"""
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # the kernel connects, nobody answers
        async with Redis(port=deaf.getsockname()[1]) as redis, asyncio.timeout(1.9):
            limiter = SharedLimiter(redis)

            for _ in range(20):
                await limiter.acquire(Group.ACCOUNTS, Lane.USER)


def test_the_shares_are_80_percent_and_a_fifth_of_that_is_for_people() -> None:
    """R37"""
    assert PER_MINUTE[Group.TRANSACTIONS] == 360
    assert shares(Group.TRANSACTIONS, Lane.USER) == (288, 288)
    assert shares(Group.TRANSACTIONS, Lane.BATCH) == (288, 230)
    assert shares(Group.ITEM_UPDATES, Lane.USER) == (16, 16)
    assert shares(Group.ITEM_UPDATES, Lane.BATCH) == (16, 12)


async def acquired_at_once(limiter: SharedLimiter, group: Group, lane: Lane) -> int:
    """How many requests may leave before one would have to wait."""
    count = 0
    while await limiter._take(group, lane) == 0:
        count += 1
    return count


async def test_limiters_of_two_processes_share_a_window_in_bursts(redis: Redis) -> None:
    """R37: batch work first, then what is left for people."""
    one, two = SharedLimiter(redis), SharedLimiter(redis)

    batch = await acquired_at_once(one, Group.ITEM_UPDATES, Lane.BATCH)
    more_batch = await acquired_at_once(two, Group.ITEM_UPDATES, Lane.BATCH)
    people = await acquired_at_once(two, Group.ITEM_UPDATES, Lane.USER)
    others = await acquired_at_once(one, Group.ACCOUNTS, Lane.BATCH)

    assert (batch, more_batch, people, others) == (12, 0, 4, 230)


async def test_people_may_use_the_whole_window(redis: Redis) -> None:
    """R37"""
    limiter = SharedLimiter(redis)

    people = await acquired_at_once(limiter, Group.ITEM_UPDATES, Lane.USER)
    batch = await acquired_at_once(limiter, Group.ITEM_UPDATES, Lane.BATCH)

    assert (people, batch) == (16, 0)


async def test_batch_work_waits_for_the_next_window(redis: Redis) -> None:
    """R37"""
    limiter = SharedLimiter(redis, window_seconds=0.3)
    while await limiter._take(Group.ITEM_UPDATES, Lane.BATCH) == 0:
        pass
    started = asyncio.get_running_loop().time()

    await limiter.acquire(Group.ITEM_UPDATES, Lane.BATCH)

    assert 0.05 < asyncio.get_running_loop().time() - started < 1


async def test_a_person_is_told_to_come_back_rather_than_wait_long(redis: Redis) -> None:
    """R37"""
    limiter = SharedLimiter(redis)
    await acquired_at_once(limiter, Group.ITEM_UPDATES, Lane.USER)

    with pytest.raises(PluggyRateLimited) as raised:
        await limiter.acquire(Group.ITEM_UPDATES, Lane.USER)

    assert raised.value.retry_after is not None
    assert 50 < raised.value.retry_after <= 60


async def test_a_pause_stops_every_process_and_lane_of_its_group(redis: Redis) -> None:
    """R38"""
    one, two = SharedLimiter(redis), SharedLimiter(redis)

    await one.pause(Group.ACCOUNTS, 40.0)
    await one.pause(Group.ACCOUNTS, 2.0)

    waits = [await two._take(Group.ACCOUNTS, lane) for lane in Lane]
    assert all(39 < wait <= 40 for wait in waits)
    assert await two._take(Group.TRANSACTIONS, Lane.BATCH) == 0


async def test_without_redis_each_process_keeps_to_a_quarter(no_redis: Redis) -> None:
    """R37"""
    clock = [0.0]
    limiter = SharedLimiter(no_redis, now=lambda: clock[0])

    batch = await acquired_at_once(limiter, Group.ACCOUNTS, Lane.BATCH)
    people = await acquired_at_once(limiter, Group.ACCOUNTS, Lane.USER)
    wait = await limiter._take(Group.ACCOUNTS, Lane.USER)
    clock[0] = 60.0
    next_window = await acquired_at_once(limiter, Group.ACCOUNTS, Lane.USER)

    assert (batch, people, wait, next_window) == (57, 15, 60.0, 72)


async def test_without_redis_a_pause_holds_in_its_process(no_redis: Redis) -> None:
    """R38"""
    clock = [0.0]
    limiter = SharedLimiter(no_redis, now=lambda: clock[0])

    await limiter.pause(Group.ACCOUNTS, 4.0)

    assert await limiter._take(Group.ACCOUNTS, Lane.USER) == 4.0
    clock[0] = 4.0
    assert await limiter._take(Group.ACCOUNTS, Lane.USER) == 0
