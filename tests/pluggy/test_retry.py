"""Repeats, pauses and bounds of one call (R36, R38, R39)."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import httpx
import pytest
import respx

from app.pluggy import retry
from app.pluggy.client import PluggyClient, open_client
from app.pluggy.errors import (
    PluggyBodyTooLarge,
    PluggyError,
    PluggyNotFound,
    PluggyRateLimited,
    PluggyRefused,
    PluggyUnavailable,
    PluggyUnexpected,
)
from app.pluggy.item_calls import NewItem
from app.pluggy.limits import Group, Lane, group_of
from app.pluggy.retry import RetryTransport
from tests.pluggy.conftest import BASE_URL, RecordingLimiter, json_answer

ITEM = UUID("0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f")
ITEM_BODY = f'{{"id":"{ITEM}","status":"UPDATED"}}'

Call = Callable[[PluggyClient], Awaitable[object]]

get_item: Call = lambda client: client.get_item(ITEM)  # noqa: E731
delete_item: Call = lambda client: client.delete_item(ITEM)  # noqa: E731
update_item: Call = lambda client: client.update_item(ITEM)  # noqa: E731
create_item: Call = lambda client: client.create_item(NewItem(connector_id=2, parameters={}))  # noqa: E731
send_mfa: Call = lambda client: client.send_mfa(ITEM, {"token": "123456"})  # noqa: E731

NO_CONNECTION = httpx.ConnectError("refused")
CUT_OFF = httpx.ReadError("reset")
TIMED_OUT = httpx.ReadTimeout("slow")


@pytest.mark.parametrize(
    ("call", "failure", "attempts"),
    [
        (get_item, NO_CONNECTION, 4),
        (get_item, CUT_OFF, 4),
        (get_item, TIMED_OUT, 4),
        (get_item, httpx.Response(500), 2),
        (get_item, httpx.Response(501), 1),
        (get_item, httpx.Response(502), 4),
        (get_item, httpx.Response(503), 4),
        (get_item, httpx.Response(504), 4),
        (get_item, httpx.Response(429, headers={"RateLimit-Reset": "1"}), 4),
        (get_item, json_answer("{}", 404), 1),
        (get_item, json_answer("{}", 400), 1),
        (delete_item, CUT_OFF, 4),
        (delete_item, httpx.Response(503), 4),
        (update_item, CUT_OFF, 1),
        (update_item, httpx.Response(503), 1),
        (update_item, httpx.Response(429, headers={"RateLimit-Reset": "1"}), 4),
        (send_mfa, TIMED_OUT, 1),
        (send_mfa, httpx.Response(500), 1),
        (create_item, NO_CONNECTION, 1),
        (create_item, httpx.Response(503), 1),
        (create_item, httpx.Response(429, headers={"RateLimit-Reset": "1"}), 1),
    ],
)
async def test_each_failure_is_repeated_as_often_as_the_table_says(
    client: PluggyClient,
    pluggy_api: respx.MockRouter,
    call: Call,
    failure: httpx.Response | Exception,
    attempts: int,
) -> None:
    """R39: GET and DELETE on lost connections and 5xx, every verb on 429, POST /items never."""
    route = pluggy_api.route(path__startswith="/items")
    if isinstance(failure, Exception):
        route.mock(side_effect=failure)
    else:
        route.mock(side_effect=lambda _: httpx.Response(failure.status_code, headers=failure.headers, text="{}"))

    with pytest.raises(PluggyError):
        await call(client)

    assert route.call_count == attempts


async def test_a_call_that_succeeds_at_the_second_attempt_succeeds(
    client: PluggyClient, pluggy_api: respx.MockRouter, slept: list[float]
) -> None:
    pluggy_api.get(f"/items/{ITEM}").mock(side_effect=[httpx.Response(503), json_answer(ITEM_BODY)])

    item = await client.get_item(ITEM)

    assert item.id == ITEM
    assert slept == [0.1]


async def test_renewal_of_the_key_is_repeated_too(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    auth = pluggy_api.post("/auth").mock(side_effect=[CUT_OFF, json_answer('{"apiKey":"key-1"}')])
    pluggy_api.get(f"/items/{ITEM}").mock(return_value=json_answer(ITEM_BODY))

    await client.get_item(ITEM)

    assert auth.call_count == 2


def test_backoff_is_full_jitter_with_a_cap() -> None:
    """R39: base 0.5 s, cap 30 s."""
    first = [retry.full_jitter(1) for _ in range(500)]
    twentieth = [retry.full_jitter(20) for _ in range(500)]

    assert 0 <= min(first) < 0.1
    assert 0.4 < max(first) <= 0.5
    assert 25 < max(twentieth) <= 30


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"RateLimit-Reset": "2", "Retry-After": "3"}, 3.0),
        ({"RateLimit-Reset": "4", "Retry-After": "3"}, 4.0),
    ],
)
async def test_a_short_429_pauses_the_shared_lane_and_is_repeated(
    client: PluggyClient,
    pluggy_api: respx.MockRouter,
    slept: list[float],
    limiter: RecordingLimiter,
    headers: dict[str, str],
    wait: float,
) -> None:
    """R38: the longer of the two headers, plus jitter."""
    pluggy_api.get(f"/accounts/{ITEM}").mock(side_effect=[httpx.Response(429, headers=headers), json_answer(ITEM_BODY)])

    await client.get_account(ITEM)

    assert slept == [pytest.approx(wait + 0.1)]
    ((group, paused),) = limiter.paused
    assert group is Group.ACCOUNTS
    assert paused == pytest.approx(wait + 0.1)


@pytest.mark.parametrize(
    ("headers", "wait"), [({"RateLimit-Reset": "37", "Retry-After": "60"}, 60), ({}, 60), ({"Retry-After": "nan"}, 60)]
)
async def test_a_long_429_pauses_the_shared_lane_and_is_handed_back(
    client: PluggyClient,
    pluggy_api: respx.MockRouter,
    slept: list[float],
    limiter: RecordingLimiter,
    headers: dict[str, str],
    wait: float,
) -> None:
    """R38, R39: only short waits are made here; the run is rescheduled for the others."""
    pluggy_api.get(f"/accounts/{ITEM}").mock(return_value=httpx.Response(429, headers=headers))

    with pytest.raises(PluggyRateLimited) as raised:
        await client.get_account(ITEM)

    assert raised.value.retry_after == wait
    ((group, paused),) = limiter.paused
    assert group is Group.ACCOUNTS
    assert paused == pytest.approx(wait + 0.1)
    assert slept == []


async def test_a_429_of_the_bank_pauses_nobody_else(
    client: PluggyClient, pluggy_api: respx.MockRouter, limiter: RecordingLimiter
) -> None:
    """A live balance is limited by the bank, not by Pluggy."""
    body = '{"code":429,"message":"m","codeDescription":"BALANCE_OPEN_FINANCE_RATE_LIMIT"}'
    route = pluggy_api.get(f"/accounts/{ITEM}/balance").mock(return_value=json_answer(body, 429))

    with pytest.raises(PluggyRateLimited) as raised:
        await client.get_live_balance(ITEM)

    assert raised.value.code == "BALANCE_OPEN_FINANCE_RATE_LIMIT"
    assert (route.call_count, limiter.paused) == (1, [])


async def test_maintenance_with_a_long_wait_is_handed_back(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    route = pluggy_api.get(f"/items/{ITEM}").mock(return_value=httpx.Response(503, headers={"Retry-After": "120"}))

    with pytest.raises(PluggyUnavailable) as raised:
        await client.get_item(ITEM)

    assert (raised.value.retry_after, route.call_count) == (120, 1)


async def test_every_attempt_asks_the_limiter_for_its_lane(
    client: PluggyClient, pluggy_api: respx.MockRouter, limiter: RecordingLimiter
) -> None:
    """R37: repeats count too, and so does the renewal of the key."""
    pluggy_api.patch(f"/items/{ITEM}").mock(
        side_effect=[httpx.Response(429, headers={"RateLimit-Reset": "1"}), json_answer(ITEM_BODY)]
    )

    await client.for_lane(Lane.USER).update_item(ITEM)

    updates = (Group.ITEM_UPDATES, Lane.USER)
    assert limiter.acquired == [(Group.AUTH, Lane.USER), updates, updates]


@pytest.mark.parametrize(
    ("method", "path", "group"),
    [
        ("POST", "/auth", Group.AUTH),
        ("GET", "/accounts", Group.ACCOUNTS),
        ("GET", "/accounts/1", Group.ACCOUNTS),
        ("GET", "/accounts/1/balance", Group.OTHER),
        ("GET", "/v2/transactions", Group.TRANSACTIONS),
        ("GET", "/transactions/1", Group.TRANSACTIONS),
        ("GET", "/investments", Group.INVESTMENTS),
        ("GET", "/investments/1/transactions", Group.INVESTMENT_TRANSACTIONS),
        ("PATCH", "/items/1", Group.ITEM_UPDATES),
        ("PATCH", "/items/1/disable-auto-sync", Group.OTHER),
        ("GET", "/items/1", Group.OTHER),
    ],
)
def test_requests_count_against_the_published_buckets(method: str, path: str, group: Group) -> None:
    assert group_of(method, path) is group


async def test_a_wait_for_the_limiter_is_not_part_of_the_total(pluggy_api: respx.MockRouter) -> None:
    """R36 bounds Pluggy's time, not the time that we hold a request back."""

    class Slow(RecordingLimiter):
        async def acquire(self, group: Group, lane: Lane) -> None:
            await asyncio.sleep(0.2 if group is Group.OTHER else 0)

    pluggy_api.get(f"/items/{ITEM}").mock(return_value=json_answer(ITEM_BODY))
    transport = RetryTransport(httpx.AsyncHTTPTransport(), limiter=Slow())
    client = open_client(base_url=BASE_URL, client_id="i", client_secret="s", transport=transport, total_seconds=0.15)

    item = await client.get_item(ITEM)

    assert item.id == ITEM


async def test_a_redirect_is_not_followed(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    """R36"""
    pluggy_api.get(f"/items/{ITEM}").mock(return_value=httpx.Response(302, headers={"location": f"{BASE_URL}/other"}))
    other = pluggy_api.get("/other").mock(return_value=json_answer(ITEM_BODY))

    with pytest.raises(PluggyUnexpected, match="status 302"):
        await client.get_item(ITEM)

    assert not other.called


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_body_of_17_mib_is_dropped(client: PluggyClient, pluggy_api: respx.MockRouter, encoding: str) -> None:
    """R36: the bound is on what it inflates to; 17 MiB of spaces are 17 kB on the wire."""
    body = b" " * (17 * 1024 * 1024)
    sent = gzip.compress(body) if encoding == "gzip" else body
    headers = {"content-type": "application/json", "content-encoding": encoding}
    route = pluggy_api.get(f"/items/{ITEM}").mock(return_value=httpx.Response(200, headers=headers, content=b""))
    route.mock(side_effect=lambda _: httpx.Response(200, headers=headers, stream=Parts(sent)))

    with pytest.raises(PluggyBodyTooLarge):
        await client.get_item(ITEM)

    assert route.call_count == 1


async def test_a_gzipped_body_is_read(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    stream = Parts(gzip.compress(ITEM_BODY.encode()))
    route = pluggy_api.get(f"/items/{ITEM}").mock(return_value=httpx.Response(200, headers=headers, stream=stream))

    item = await client.get_item(ITEM)

    assert item.id == ITEM
    assert route.calls.last.request.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("body", [gzip.compress(ITEM_BODY.encode())[:-9], b"no gzip at all"], ids=["cut", "none"])
async def test_broken_gzip_is_repeated_like_a_lost_connection(
    client: PluggyClient, pluggy_api: respx.MockRouter, body: bytes
) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    route = pluggy_api.get(f"/items/{ITEM}")
    route.mock(side_effect=lambda _: httpx.Response(200, headers=headers, stream=Parts(body)))

    with pytest.raises(PluggyUnavailable, match="RemoteProtocolError"):
        await client.get_item(ITEM)

    assert route.call_count == 4


async def test_a_slow_drip_ends_with_the_total_bound(pluggy_api: respx.MockRouter) -> None:
    """R36: each part comes within the read timeout, and still the call is bounded."""
    client = open_client(base_url=BASE_URL, client_id="i", client_secret="s", total_seconds=0.2)
    drip = httpx.Response(200, headers={"content-type": "application/json"}, stream=Parts(b" " * 1000, pause=0.02))
    pluggy_api.get(f"/items/{ITEM}").mock(return_value=drip)

    async with asyncio.timeout(2):
        with pytest.raises(PluggyUnavailable, match=r"no answer within 0\.2 s"):
            await client.get_item(ITEM)


def test_the_bounds_of_a_call_are_those_of_r36() -> None:
    """R36"""
    client = open_client(base_url=BASE_URL, client_id="i", client_secret="s")

    timeout = client._http.timeout
    assert (timeout.connect, timeout.read, client._total_seconds) == (3, 15, 30)
    assert (retry.MAX_BODY_BYTES, client._http.follow_redirects, client._http.trust_env) == (16 << 20, False, False)


async def test_refusals_are_named_by_remedy(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    pluggy_api.get(f"/items/{ITEM}").mock(
        return_value=json_answer('{"code":404,"codeDescription":"ITEM_NOT_FOUND"}', 404)
    )

    with pytest.raises(PluggyNotFound) as raised:
        await client.get_item(ITEM)

    assert isinstance(raised.value, PluggyRefused)
    assert raised.value.code == "ITEM_NOT_FOUND"


class Parts(httpx.AsyncByteStream):
    """A body that comes in parts, with a pause after each."""

    def __init__(self, body: bytes, *, pause: float | None = None) -> None:
        self._body = body
        self._pause = pause

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 1 if self._pause else 65_536
        for start in range(0, len(self._body), size):
            yield self._body[start : start + size]
            if self._pause:
                await asyncio.sleep(self._pause)
