"""The key: its life, its renewal, its secrecy (R41, R63, R65)."""

import asyncio
import base64
import logging
import traceback
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest
import respx

from app.pluggy.auth import ApiKey, MemoryApiKeyStore, lifetime_seconds
from app.pluggy.client import PluggyClient, open_client
from app.pluggy.errors import PluggyAuthError, PluggyError, PluggyNotFound, PluggyRefused, PluggyUnexpected
from app.pluggy.item_calls import ItemChange, NewItem
from app.pluggy.retry import RetryTransport
from tests.pluggy.conftest import BASE_URL, json_answer, make_jwt, sample

ITEM = UUID("0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f")
ITEM_BODY = f'{{"id":"{ITEM}"}}'
NOW = 1_795_000_000.0
HOUR = 3600


@pytest.mark.parametrize(
    ("key", "seconds"),
    [
        (make_jwt(exp=NOW + 2 * HOUR), 7_080),
        (make_jwt(exp=NOW + 48 * HOUR), 82_800),
        (make_jwt(exp=NOW + 23 * HOUR + 120), 82_800),
        (make_jwt(sub="x"), 6_000),
        ("not a token", 6_000),
        ("a.b.c", 6_000),
        (make_jwt(exp="soon"), 6_000),
        (make_jwt(exp=NOW - 60), 10),
        (make_jwt(exp=NOW + 60), 10),
        ("a." + base64.urlsafe_b64encode(b"[1]").decode() + ".c", 6_000),
    ],
)
def test_a_key_is_kept_until_two_minutes_before_its_own_expiry(key: str, seconds: float) -> None:
    """R41: at most 23 h, 100 minutes without an expiry."""
    assert lifetime_seconds(key, now=NOW, ceiling_hours=23) == seconds


async def test_one_key_serves_many_calls(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    route = pluggy_api.get(f"/items/{ITEM}").mock(return_value=json_answer(ITEM_BODY))

    await asyncio.gather(*(client.get_item(ITEM) for _ in range(20)))

    assert pluggy_api["auth"].call_count == 1
    assert {call.request.headers["x-api-key"] for call in route.calls} == {"key-1"}
    assert all("authorization" not in call.request.headers for call in route.calls)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_renewed_once_and_the_call_repeated(
    client: PluggyClient, pluggy_api: respx.MockRouter, status: int
) -> None:
    """R41: an expired key and a revoked one answer differently. Mission: an expired key is refreshed."""
    refused = json_answer('{"code":403,"message":"Forbidden"}', status)
    route = pluggy_api.get(f"/items/{ITEM}").mock(side_effect=[refused, json_answer(ITEM_BODY)])

    item = await client.get_item(ITEM)

    assert item.id == ITEM
    assert [call.request.headers["x-api-key"] for call in route.calls] == ["key-1", "key-2"]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_refused_twice_is_an_auth_error(
    client: PluggyClient, pluggy_api: respx.MockRouter, status: int
) -> None:
    """R41: once, not for ever."""
    route = pluggy_api.get(f"/items/{ITEM}").mock(return_value=json_answer('{"code":403}', status))

    with pytest.raises(PluggyAuthError):
        await client.get_item(ITEM)

    assert (route.call_count, pluggy_api["auth"].call_count) == (2, 2)


async def test_a_403_about_the_thing_asked_for_costs_no_key(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    body = '{"code":403,"message":"m","codeDescription":"BALANCE_CONSENT_ERROR"}'
    pluggy_api.get(f"/accounts/{ITEM}/balance").mock(return_value=json_answer(body, 403))

    with pytest.raises(PluggyRefused) as raised:
        await client.get_live_balance(ITEM)

    assert not isinstance(raised.value, PluggyAuthError)
    assert pluggy_api["auth"].call_count == 1


async def test_a_write_is_repeated_whole_after_a_renewal(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    route = pluggy_api.post("/items").mock(side_effect=[json_answer("{}", 401), json_answer(ITEM_BODY)])

    await client.create_item(NewItem(connector_id=2, parameters={"user": "user-ok"}))

    assert route.calls[1].request.content == route.calls[0].request.content != b""


async def test_a_key_that_expires_between_two_pages_is_renewed_in_mid_list(
    client: PluggyClient, pluggy_api: respx.MockRouter
) -> None:
    """R41"""
    last = '{"results":[],"next":null}'
    answers = [json_answer(sample("transactions/page")), json_answer('{"code":403}', 403), json_answer(last)]
    route = pluggy_api.get("/v2/transactions").mock(side_effect=answers)

    pages = [page async for page in client.iter_transaction_pages(ITEM)]

    assert [len(page.results) for page in pages] == [2, 0]
    assert [call.request.headers["x-api-key"] for call in route.calls] == ["key-1", "key-1", "key-2"]
    assert route.calls[1].request.url.params == route.calls[2].request.url.params


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_credentials_are_an_auth_error(
    client: PluggyClient, pluggy_api: respx.MockRouter, status: int
) -> None:
    body = '{"code":401,"message":"m","codeDescription":"CLIENT_KEYS_UNAUTHORIZED"}'
    auth = pluggy_api.post("/auth").mock(return_value=json_answer(body, status))

    with pytest.raises(PluggyAuthError, match="POST /auth"):
        await client.get_item(ITEM)

    assert auth.call_count == 1


@pytest.mark.parametrize("body", ["{}", '{"apiKey":""}', '{"apiKey":"a\\nb"}', '{"apiKey":5}'])
async def test_an_answer_without_a_usable_key_is_unexpected(
    client: PluggyClient, pluggy_api: respx.MockRouter, body: str
) -> None:
    pluggy_api.post("/auth").mock(return_value=json_answer(body))

    with pytest.raises(PluggyUnexpected):
        await client.get_item(ITEM)


def counting_renewal(*, fails: bool = False) -> tuple[Callable[[], Awaitable[ApiKey]], list[int]]:
    """A renewal that takes a moment, and the numbers it gave out."""
    given: list[int] = []

    async def renew() -> ApiKey:
        given.append(len(given) + 1)
        number = given[-1]
        await asyncio.sleep(0.01)
        if fails:
            raise PluggyAuthError("refused", status=401)
        return ApiKey(f"key-{number}", 100.0)

    return renew, given


async def test_callers_that_ask_together_share_one_renewal() -> None:
    renew, given = counting_renewal()
    store = MemoryApiKeyStore()

    keys = await asyncio.gather(*(store.get(renew) for _ in range(50)))

    assert (set(keys), given) == ({"key-1"}, [1])


async def test_callers_that_ask_together_share_a_failure() -> None:
    renew, given = counting_renewal(fails=True)
    store = MemoryApiKeyStore()

    outcomes = await asyncio.gather(*(store.get(renew) for _ in range(50)), return_exceptions=True)

    assert all(isinstance(outcome, PluggyAuthError) for outcome in outcomes)
    assert given == [1]


async def test_a_caller_that_gives_up_does_not_stop_the_renewal() -> None:
    renew, given = counting_renewal()
    store = MemoryApiKeyStore()
    impatient = asyncio.create_task(store.get(renew))
    patient = asyncio.create_task(store.get(renew))
    await asyncio.sleep(0)

    impatient.cancel()

    assert await patient == "key-1"
    assert given == [1]


async def test_only_the_key_that_failed_is_discarded() -> None:
    """R41"""
    renew, given = counting_renewal()
    store = MemoryApiKeyStore()
    await store.get(renew)

    await store.discard("key-0")
    kept = await store.get(renew)
    await store.discard("key-1")
    renewed = await store.get(renew)

    assert (kept, renewed, given) == ("key-1", "key-2", [1, 2])


async def test_a_key_is_renewed_when_its_life_is_over() -> None:
    renew, _ = counting_renewal()
    clock = [0.0]
    store = MemoryApiKeyStore(now=lambda: clock[0])

    first = await store.get(renew)
    clock[0] = 99.9
    second = await store.get(renew)
    clock[0] = 100.0
    third = await store.get(renew)

    assert (first, second, third) == ("key-1", "key-1", "key-2")


CANARY = "CANARY-7f3a"


async def raise_from(client: PluggyClient) -> list[PluggyError]:
    """One error of each call that carries a secret."""
    secret_item = NewItem(connector_id=2, parameters={"password": CANARY})
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: client.create_item(secret_item),
        lambda: client.update_item(ITEM, ItemChange(parameters={"password": CANARY})),
        lambda: client.send_mfa(ITEM, {"token": CANARY}),
        lambda: client.create_webhook("https://x.example", "all", headers={"X-Secret": CANARY}),
        lambda: client.get_item(ITEM),
    ]
    errors: list[PluggyError] = []
    for call in calls:
        with pytest.raises(PluggyError) as raised:
            await call()
        errors.append(raised.value)
    return errors


@pytest.mark.parametrize(
    "failure",
    [
        json_answer(f'{{"code":400,"message":"{CANARY} is wrong","details":[{{"message":"{CANARY}"}}]}}', 400),
        json_answer(f'{{"code":403,"message":"{CANARY}"}}', 403),
        json_answer(f'{{"codeDescription":"{CANARY}","errorId":"<{CANARY}>"}}', 409),
        json_answer(f'{{"id":"{CANARY}"}}', 200),
        json_answer(f'{{"id":{CANARY}', 200),
        httpx.Response(503, text=CANARY),
        httpx.LocalProtocolError(f"Illegal header value b'{CANARY}'"),
        httpx.ReadError(CANARY),
    ],
)
async def test_no_secret_reaches_an_error_or_a_log(
    pluggy_api: respx.MockRouter, caplog: pytest.LogCaptureFixture, failure: httpx.Response | Exception
) -> None:
    """R63, R65: not what we send (secret, key, credentials, codes), and not what comes back."""
    caplog.set_level(logging.DEBUG)
    pluggy_api.post("/auth").mock(return_value=json_answer(f'{{"apiKey":"{CANARY}"}}'))
    others = pluggy_api.route()
    if isinstance(failure, Exception):
        others.mock(side_effect=failure)
    else:
        others.mock(
            side_effect=lambda _: httpx.Response(failure.status_code, headers=failure.headers, content=failure.content)
        )
    at_once = RetryTransport(httpx.AsyncHTTPTransport(), jitter=lambda _: 0.0)
    client = open_client(base_url=BASE_URL, client_id="id", client_secret=CANARY, transport=at_once)

    errors = await raise_from(client)

    shown = [text for error in errors for text in (repr(error), *traceback.format_exception(error))]
    assert CANARY not in "".join(shown)
    assert CANARY not in caplog.text
    assert CANARY not in repr(NewItem(connector_id=1, parameters={"a": CANARY})) + repr(ApiKey(CANARY, 1.0))


async def test_an_unknown_item_is_not_a_key_problem(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    pluggy_api.get(f"/items/{ITEM}").mock(return_value=json_answer('{"code":404}', 404))

    with pytest.raises(PluggyNotFound):
        await client.get_item(ITEM)

    assert pluggy_api["auth"].call_count == 1
