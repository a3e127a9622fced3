"""Every endpoint: what is asked, and what comes of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import httpx
import pytest
import respx

from app.pluggy.client import PluggyClient, WebhookChange, open_client
from app.pluggy.errors import PluggyNotFound
from app.pluggy.item_calls import ConnectOptions, ItemChange, NewItem
from app.pluggy.limits import Group, Lane
from app.pluggy.pages import Page
from tests.pluggy.conftest import RecordingLimiter, json_answer, sample

ID = UUID("0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f")
THING = f'{{"id":"{ID}"}}'
EMPTY_LIST = '{"page":1,"total":0,"totalPages":0,"results":[]}'
EMPTY_CURSOR = '{"results":[],"next":null}'


async def drained(pages: AsyncIterator[Page[Any]]) -> list[Any]:
    return [record async for page in pages for record in page.results]


Call = Callable[[PluggyClient], Awaitable[object]]


@pytest.mark.parametrize(
    ("call", "method", "path", "query", "body", "answer"),
    [
        (lambda c: c.create_connect_token(), "POST", "/connect_token", {}, {}, '{"accessToken":"t"}'),
        (
            lambda c: c.create_connect_token(
                item_id=ID, options=ConnectOptions(client_user_id="o", oauth_redirect_uri="https://a.example")
            ),
            "POST",
            "/connect_token",
            {},
            {"itemId": str(ID), "options": {"clientUserId": "o", "oauthRedirectUri": "https://a.example"}},
            '{"accessToken":"t"}',
        ),
        (
            lambda c: drained(
                c.iter_connector_pages(include_sandbox=True, countries=["BR"], types=["A", "B"], is_open_finance=False)
            ),
            "GET",
            "/connectors",
            {"sandbox": "true", "countries": "BR", "types": "A,B", "isOpenFinance": "false", "page": "1"},
            None,
            EMPTY_LIST,
        ),
        (
            lambda c: c.get_connector(600, health_details=True),
            "GET",
            "/connectors/600",
            {"healthDetails": "true"},
            None,
            '{"id":600}',
        ),
        (
            lambda c: c.validate_parameters(2, {"user": "u"}),
            "POST",
            "/connectors/2/validate",
            {},
            {"user": "u"},
            '{"errors":[]}',
        ),
        (
            lambda c: c.create_item(NewItem(connector_id=600, parameters={"cpf": "1"}, products=("ACCOUNTS",))),
            "POST",
            "/items",
            {},
            {"connectorId": 600, "parameters": {"cpf": "1"}, "products": ["ACCOUNTS"]},
            THING,
        ),
        (lambda c: c.get_item(ID), "GET", f"/items/{ID}", {}, None, THING),
        (
            lambda c: drained(c.iter_item_pages(client_user_id="o")),
            "GET",
            "/v2/items",
            {"clientUserId": "o"},
            None,
            EMPTY_CURSOR,
        ),
        (lambda c: c.update_item(ID), "PATCH", f"/items/{ID}", {}, {}, THING),
        (
            lambda c: c.update_item(ID, ItemChange(parameters={"a": "b"})),
            "PATCH",
            f"/items/{ID}",
            {},
            {"parameters": {"a": "b"}},
            THING,
        ),
        (lambda c: c.send_mfa(ID, {"token": "123456"}), "POST", f"/items/{ID}/mfa", {}, {"token": "123456"}, THING),
        (lambda c: c.delete_item(ID), "DELETE", f"/items/{ID}", {}, None, '{"count":1}'),
        (lambda c: c.disable_auto_sync(ID), "PATCH", f"/items/{ID}/disable-auto-sync", {}, {}, THING),
        (
            lambda c: drained(c.iter_consent_pages(ID)),
            "GET",
            "/consents",
            {"itemId": str(ID), "page": "1"},
            None,
            EMPTY_LIST,
        ),
        (lambda c: c.get_consent(ID), "GET", f"/consents/{ID}", {}, None, THING),
        (
            lambda c: drained(c.iter_account_pages(ID, account_type="CREDIT")),
            "GET",
            "/accounts",
            {"itemId": str(ID), "type": "CREDIT", "page": "1"},
            None,
            EMPTY_LIST,
        ),
        (lambda c: c.get_account(ID), "GET", f"/accounts/{ID}", {}, None, THING),
        (lambda c: c.get_live_balance(ID), "GET", f"/accounts/{ID}/balance", {}, None, '{"balance":0.10}'),
        (
            lambda c: drained(c.iter_bill_pages(ID)),
            "GET",
            "/bills",
            {"accountId": str(ID), "page": "1", "pageSize": "500"},
            None,
            EMPTY_LIST,
        ),
        (
            lambda c: drained(
                c.iter_transaction_pages(
                    ID, created_at_from=datetime(2026, 3, 4, 9, tzinfo=timezone(timedelta(hours=-3))), after="a+b=="
                )
            ),
            "GET",
            "/v2/transactions",
            {"accountId": str(ID), "createdAtFrom": "2026-03-04T12:00:00.000Z", "after": "a+b=="},
            None,
            EMPTY_CURSOR,
        ),
        (
            lambda c: drained(c.iter_transaction_pages(ID, date_from=date(2026, 1, 1), date_to=date(2026, 3, 31))),
            "GET",
            "/v2/transactions",
            {"accountId": str(ID), "dateFrom": "2026-01-01", "dateTo": "2026-03-31"},
            None,
            EMPTY_CURSOR,
        ),
        (
            lambda c: c.get_transaction(ID),
            "GET",
            f"/transactions/{ID}",
            {},
            None,
            f'{{"id":"{ID}","amount":0.10,"date":"2026-03-04T12:00:00.000Z"}}',
        ),
        (
            lambda c: c.set_transaction_category(ID, "01010000"),
            "PATCH",
            f"/transactions/{ID}",
            {},
            {"categoryId": "01010000"},
            f'{{"id":"{ID}","amount":0.10,"date":"2026-03-04T12:00:00.000Z"}}',
        ),
        (
            lambda c: drained(c.iter_category_pages(parent_id="01000000")),
            "GET",
            "/categories",
            {"parentId": "01000000", "page": "1"},
            None,
            EMPTY_LIST,
        ),
        (
            lambda c: drained(c.iter_investment_pages(ID)),
            "GET",
            "/investments",
            {"itemId": str(ID), "page": "1", "pageSize": "500"},
            None,
            EMPTY_LIST,
        ),
        (
            lambda c: drained(c.iter_investment_transaction_pages(ID)),
            "GET",
            f"/investments/{ID}/transactions",
            {"page": "1", "pageSize": "500"},
            None,
            EMPTY_LIST,
        ),
        (lambda c: drained(c.iter_loan_pages(ID)), "GET", "/loans", {"itemId": str(ID), "page": "1"}, None, EMPTY_LIST),
        (lambda c: drained(c.iter_webhook_pages()), "GET", "/webhooks", {"page": "1"}, None, EMPTY_LIST),
        (lambda c: c.get_webhook(ID), "GET", f"/webhooks/{ID}", {}, None, THING),
        (
            lambda c: c.create_webhook("https://a.example", "all", headers={"X-S": "s"}),
            "POST",
            "/webhooks",
            {},
            {"url": "https://a.example", "event": "all", "headers": {"X-S": "s"}},
            THING,
        ),
        (
            lambda c: c.update_webhook(ID, WebhookChange(enabled=True)),
            "PATCH",
            f"/webhooks/{ID}",
            {},
            {"enabled": True},
            THING,
        ),
        (lambda c: c.delete_webhook(ID), "DELETE", f"/webhooks/{ID}", {}, None, '{"count":1}'),
    ],
)
async def test_each_method_makes_the_request_of_its_endpoint(
    client: PluggyClient,
    pluggy_api: respx.MockRouter,
    call: Call,
    method: str,
    path: str,
    query: dict[str, str],
    body: object,
    answer: str,
) -> None:
    route = pluggy_api.route(method=method, path=path).mock(return_value=json_answer(answer))

    await call(client)

    request = route.calls.last.request
    assert parse_qs(request.url.query.decode(), strict_parsing=bool(query)) == {k: [v] for k, v in query.items()}
    assert (json.loads(request.content) if request.content else None) == body


@pytest.mark.parametrize("status", [200, 204])
async def test_a_delete_needs_no_body(client: PluggyClient, pluggy_api: respx.MockRouter, status: int) -> None:
    pluggy_api.delete(f"/items/{ID}").mock(return_value=httpx.Response(status))

    await client.delete_item(ID)


async def test_deleting_what_is_gone_says_so(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    pluggy_api.delete(f"/items/{ID}").mock(return_value=json_answer('{"code":404}', 404))

    with pytest.raises(PluggyNotFound):
        await client.delete_item(ID)


async def test_a_webhook_created_with_201_is_created(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    pluggy_api.post("/webhooks").mock(return_value=json_answer(THING, 201))

    webhook = await client.create_webhook("https://a.example", "all")

    assert webhook.id == ID


async def test_transactions_are_followed_by_cursor_with_the_same_filters(
    client: PluggyClient, pluggy_api: respx.MockRouter
) -> None:
    """R21, R27: only `after` is taken from `next`."""
    forged = sample("transactions/page").replace(b'"?accountId', b'"https://evil.example/?ids=1&accountId')
    route = pluggy_api.get("/v2/transactions").mock(side_effect=[json_answer(forged), json_answer(EMPTY_CURSOR)])

    transactions = await drained(client.iter_transaction_pages(ID, date_from=date(2026, 1, 1)))

    assert len(transactions) == 2
    assert dict(route.calls.last.request.url.params) == {
        "accountId": str(ID),
        "dateFrom": "2026-01-01",
        "after": "MjAyNi0wMy0wM3xhYQ==",
    }


async def test_numbered_lists_are_followed_to_their_last_page(
    client: PluggyClient, pluggy_api: respx.MockRouter
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        account = {"id": str(uuid4()), "number": str(number)}
        return httpx.Response(200, json={"page": number, "total": 3, "totalPages": 3, "results": [account]})

    pluggy_api.get("/accounts").mock(side_effect=answer)

    accounts = await drained(client.iter_account_pages(ID))

    assert [account.number for account in accounts] == ["1", "2", "3"]


async def test_ids_are_asked_for_in_chunks_of_500(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    route = pluggy_api.get("/v2/transactions").mock(return_value=json_answer(EMPTY_CURSOR))
    ids = [uuid4() for _ in range(1_001)]

    await drained(client.iter_transaction_pages_by_id(ID, ids))

    asked = [call.request.url.params["ids"].split(",") for call in route.calls]
    assert [len(chunk) for chunk in asked] == [500, 500, 1]
    assert [one for chunk in asked for one in chunk] == [str(one) for one in ids]


async def test_two_ways_of_narrowing_at_once_are_refused_here(client: PluggyClient) -> None:
    with pytest.raises(ValueError, match="excludes"):
        client.iter_transaction_pages(ID, created_at_from=datetime.now(UTC), date_to=date(2026, 1, 1))


async def test_a_bad_account_does_not_hide_the_others(client: PluggyClient, pluggy_api: respx.MockRouter) -> None:
    """R28 holds for every list."""
    body = (
        f'{{"page":1,"total":2,"totalPages":1,"results":[{{"id":"{ID}","balance":NaN}},{{"id":"{ID}","balance":1}}]}}'
    )
    pluggy_api.get("/accounts").mock(return_value=json_answer(body))

    pages = [page async for page in client.iter_account_pages(ID)]

    assert [len(page.results) for page in pages] == [1]
    assert pages[0].bad_records[0].id == str(ID)


async def test_lanes_share_key_and_connections(
    client: PluggyClient, pluggy_api: respx.MockRouter, limiter: RecordingLimiter
) -> None:
    """R37"""
    pluggy_api.get(f"/accounts/{ID}").mock(return_value=json_answer(THING))

    await client.get_account(ID)
    await client.for_lane(Lane.USER).get_account(ID)

    assert limiter.acquired == [(Group.AUTH, Lane.USER), (Group.ACCOUNTS, Lane.BATCH), (Group.ACCOUNTS, Lane.USER)]
    assert pluggy_api["auth"].call_count == 1


async def test_a_request_is_known_to_have_left_before_its_answer_comes() -> None:
    """What the prefetch waits for, over a real connection."""
    answered = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = THING.encode()
        if head.startswith(b"POST /auth"):
            body = b'{"apiKey":"key"}'
        else:
            await answered.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    departed = asyncio.Event()
    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server, asyncio.timeout(5):
        base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = open_client(base_url=base_url, client_id="i", client_secret="s")
        task = asyncio.create_task(client._send("GET", f"/items/{ID}", departed=departed))
        await departed.wait()
        done_before_the_answer = task.done()
        answered.set()
        answer = await task
        await client.aclose()

    assert (done_before_the_answer, answer.status) == (False, 200)
