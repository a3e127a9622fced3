"""Limits of callers (R62), with a real Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx
import pytest
from redis.asyncio import Redis

from app.owners.principal import DEFAULT_SCOPES, Principal
from app.rates import Rate, RateLimiter
from app.resources import Resources
from app.settings import Settings
from tests.http_support import NOWHERE, KnownCaller, make_settings, running_api

LIST = "/api/banking/connections/"
GREET = "/api/banking/greetings/"
NOON = 1_800_000_000.0 - 1_800_000_000.0 % 60
"""The start of a window."""


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def used(limiter: RateLimiter, caller: str, times: int, rate: Rate = Rate.READ) -> list[bool]:
    """Whether each of so many requests was let in; each has settled before the next."""
    allowed = []
    for _ in range(times):
        allowance = limiter.spend(rate, caller)
        allowed.append(allowance is None or not allowance.is_spent)
        await limiter.aclose()
    return allowed


async def test_a_caller_may_ask_so_often_in_a_minute_and_again_in_the_next(resources: Resources, clock: Clock) -> None:
    limiter = RateLimiter(resources.redis, {Rate.READ: 3}, now=clock)

    first = await used(limiter, "ana", 5)
    clock.time += 60
    second = await used(limiter, "ana", 4)

    assert first == [True, True, True, False, False]
    assert second == [True, True, True, False]


async def test_callers_and_classes_do_not_share_a_limit(resources: Resources, clock: Clock) -> None:
    limiter = RateLimiter(resources.redis, {Rate.READ: 1, Rate.WRITE: 1}, now=clock)

    assert await used(limiter, "ana", 2) == [True, False]
    assert await used(limiter, "bruno", 1) == [True]
    assert await used(limiter, "ana", 1, Rate.WRITE) == [True]


async def test_two_processes_share_one_limit(resources: Resources, clock: Clock) -> None:
    """What one has counted, the other knows after its own first request at the latest."""
    one, two = (RateLimiter(resources.redis, {Rate.COSTLY: 10}, now=clock) for _ in range(2))

    first = await used(one, "ana", 6, Rate.COSTLY)
    second = await used(two, "ana", 6, Rate.COSTLY)

    assert first == [True] * 6
    assert second.count(True) in {4, 5}
    assert second[-1] is False


async def test_processes_that_settle_in_batches_exceed_the_limit_by_hundredths(
    resources: Resources, clock: Clock
) -> None:
    processes = [RateLimiter(resources.redis, {Rate.READ: 200}, now=clock) for _ in range(3)]

    allowed = 0
    for _ in range(200):
        for each in processes:
            allowance = each.spend(Rate.READ, "ana")
            assert allowance is not None
            allowed += not allowance.is_spent
            await each.aclose()

    assert 200 <= allowed <= 200 + 3 * 4


async def test_a_request_waits_for_nothing(resources: Resources, clock: Clock) -> None:
    limiter = RateLimiter(resources.redis, {Rate.READ: 100}, now=clock)

    allowance = limiter.spend(Rate.READ, "ana")  # not awaited: there is no point at which it could wait
    await limiter.aclose()

    assert allowance is not None
    assert (allowance.limit, allowance.remaining, allowance.reset_seconds) == (100, 99, 60)


async def test_without_redis_each_process_keeps_to_the_limit_by_itself(clock: Clock) -> None:
    """R70: limits neither fall nor lock anybody out while Redis is away."""
    async with Redis.from_url(f"redis://{NOWHERE}/0") as absent:
        limiter = RateLimiter(absent, {Rate.READ: 3}, now=clock)

        allowed = await used(limiter, "ana", 5)

    assert allowed == [True, True, True, False, False]


async def test_a_class_without_a_limit_is_not_counted(resources: Resources, clock: Clock) -> None:
    limiter = RateLimiter(resources.redis, {Rate.READ: 0}, now=clock)

    assert limiter.spend(Rate.READ, "ana") is None
    assert await resources.redis.keys() == []


async def test_what_redis_holds_goes_away_by_itself(resources: Resources, clock: Clock) -> None:
    limiter = RateLimiter(resources.redis, {Rate.READ: 3}, now=clock)
    await used(limiter, "ana", 1)

    (key,) = await resources.redis.keys()

    assert 0 < await resources.redis.ttl(key) <= 120


@asynccontextmanager
async def limited(
    settings: Settings, resources: Resources, owner_id: UUID | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    caller = KnownCaller(principal=Principal(owner_id or uuid4(), DEFAULT_SCOPES, "person"))
    async with running_api(settings, caller=caller) as (app, http):
        app.state.resources = resources
        app.state.limiter = RateLimiter(resources.redis, {Rate.READ: 2, Rate.WRITE: 1, Rate.PUBLIC: 2, Rate.REFUSED: 2})
        await start_of_window()
        yield http
        await app.state.limiter.aclose()


async def start_of_window() -> None:
    """Wait when the minute is about to end."""
    left = 60 - time.time() % 60
    if left < 5:
        await asyncio.sleep(left)


async def test_answers_tell_where_the_caller_stands_and_the_last_one_when_to_come_back(
    settings: Settings, resources: Resources, owner_id: UUID
) -> None:
    async with limited(settings, resources, owner_id) as http:
        answers = [await http.get(LIST, headers={"Authorization": "Bearer good"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer.headers["ratelimit-limit"] for answer in answers} == {"2"}
    problem = answers[2].json()
    assert (problem["code"], problem["action"]) == ("too_many_requests", "retry")
    assert problem["user_message"].startswith("Muitas tentativas")
    assert 1 <= int(answers[2].headers["retry-after"]) <= 61
    assert 1 <= int(answers[2].headers["ratelimit-reset"]) <= 60


async def test_refusals_tell_the_standing_too(settings: Settings, resources: Resources) -> None:
    async with limited(settings, resources) as http:
        answer = await http.post(GREET, json={}, headers={"Authorization": "Bearer good"})

    assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (422, "0")


async def test_writes_have_a_limit_of_their_own(settings: Settings, resources: Resources, owner_id: UUID) -> None:
    async with limited(settings, resources, owner_id) as http:
        http.headers["Authorization"] = "Bearer good"
        writes = [(await http.post(GREET, json={"name": "a"})).status_code for _ in range(2)]
        read = await http.get(LIST)

    assert (writes, read.status_code) == ([200, 429], 200)


async def test_whoever_is_refused_is_limited_by_address(settings: Settings, resources: Resources) -> None:
    """And cannot use up the limit of somebody who is let in."""
    async with limited(settings, resources) as http:
        refused = [(await http.get(LIST, headers={"Authorization": "Bearer bad"})).status_code for _ in range(3)]
        good = await http.post(GREET, json={"name": "a"}, headers={"Authorization": "Bearer good"})

    assert (refused, good.status_code) == ([401, 401, 429], 200)


async def test_open_routes_are_limited_by_address_as_trusted_proxies_tell_it(
    settings: Settings, resources: Resources
) -> None:
    """R58: an invented header buys nothing."""
    proxied = make_settings(trusted_proxies="127.0.0.1/32")
    direct = make_settings()
    path = "/api/banking/openapi.json"

    async def statuses(chosen: Settings, addresses: list[str]) -> list[int]:
        async with limited(chosen, resources) as http:
            answers = [(await http.get(path, headers={"X-Forwarded-For": each})).status_code for each in addresses]
        await resources.redis.flushdb()
        return answers

    assert await statuses(proxied, ["203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2"]) == [200, 200, 429, 200]
    assert await statuses(proxied, ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"]) == [
        200,
        200,
        429,
        200,
    ]
    assert await statuses(direct, ["203.0.113.1", "203.0.113.2", "203.0.113.3"]) == [200, 200, 429]


async def test_probes_are_never_limited(settings: Settings, resources: Resources) -> None:
    async with limited(settings, resources) as http:
        statuses = {(await http.get("/healthz")).status_code for _ in range(5)}

    assert statuses == {200}
