"""What the door takes, and what it turns away."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from app.database import transaction
from app.resources import Resources
from tests.http_support import make_settings, running_api
from tests.servers import ServerUrls
from tests.webhooks.support import PATH, PROOF, SECRET, deliver, event_of, inbox_rows

UUID_TEXT = "0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"item/updated"',
        b"null",
        b'{"event": "item/updated"}',
        b'{"eventId": "1"}',
        b'{"event": 7, "eventId": "1"}',
        b'{"event": "item/updated", "eventId": 1}',
        b'{"event": "item/updated", "eventId": ""}',
        b'{"event": "item/updated", "eventId": "a\\u0000b"}',
        b'{"event": "item/updated", "eventId": "\\ud800"}',
        b'{"event": "item/updated", "eventId": "' + b"x" * 201 + b'"}',
        b'{"event": "", "eventId": "1"}',
        b'{"event": "a/b c", "eventId": "1"}',
        b'{"event": "' + b"x" * 101 + b'", "eventId": "1"}',
        b'{"event": "item/updated", "eventId": "1", "itemId": "nobody"}',
        b'{"event": "transactions/updated", "eventId": "1", "transactionIds": "all"}',
        b'{"event": "transactions/updated", "eventId": "1", "transactionIds": ["x"]}',
        b'{"event": "item/updated", "eventId": "1", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"event": "\xff", "eventId": "1"}',
    ],
)
async def test_a_proven_body_that_is_no_event_is_malformed(
    client: httpx.AsyncClient, resources: Resources, body: bytes
) -> None:
    answer = await client.post(PATH, content=body, headers=PROOF)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_webhook")
    assert await inbox_rows(resources.sessions) == []


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({"event": "item.updated", "itemId": UUID_TEXT}, "item/updated"),
        ({"event": "item/updated", "id": UUID_TEXT}, "item/updated"),
        ({"event": "investments/created", "transactionIds": [1, {}], "itemId": 5}, "investments/created"),
        ({"event": "something_new"}, "something_new"),
        ({"event": "payment_intent/created", "paymentIntentId": "x"}, "payment_intent/created"),
        ({"event": "transactions/created", "itemId": UUID_TEXT, "transactionsCreatedAtFrom": "9999-12-31T00:00:00Z"},
         "transactions/created"),
        ({"event": "item/updated", "itemId": UUID_TEXT, "clientId": "client"}, "item/updated"),
    ],
)  # fmt: skip
async def test_anything_proven_that_is_like_an_event_is_stored(
    server_urls: ServerUrls, database_name: str, resources: Resources, body: dict[str, Any], event: str
) -> None:
    """R4. Mission: webhook item.updated."""
    url = server_urls.postgres("banking_app", database_name)
    async with running_api(make_settings(database_url=url, pluggy_webhook_secret=SECRET)) as (_, http):
        await deliver(http, {**body, "eventId": "e-1"})

    (stored,) = await inbox_rows(resources.sessions)
    assert stored.event == event


async def test_a_body_over_one_mebibyte_is_refused_unread(client: httpx.AsyncClient, resources: Resources) -> None:
    """R62"""
    answer = await client.post(PATH, content=b"{" + b" " * 1024 * 1024, headers=PROOF)

    assert answer.status_code == 413
    assert await inbox_rows(resources.sessions) == []


async def test_a_body_of_nearly_one_mebibyte_is_stored(client: httpx.AsyncClient, resources: Resources) -> None:
    ids = [str(uuid4()) for _ in range(26_000)]

    await deliver(client, event_of("transactions/updated", itemId=UUID_TEXT, accountId=UUID_TEXT, transactionIds=ids))

    assert len(await inbox_rows(resources.sessions)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Webhook-Secret", "wrong")],
        [("X-Webhook-Secret", SECRET), ("X-Webhook-Secret", SECRET)],
        [("X-HMAC-SHA512-Signature", "AAAA")],
    ],
)
async def test_a_delivery_without_proof_is_refused_and_counted_without_its_body(
    server_urls: ServerUrls, database_name: str, resources: Resources, headers: list[tuple[str, str]]
) -> None:
    """R57. Mission: webhooks are signed with PLUGGY_WEBHOOK_SECRET."""
    url = server_urls.postgres("banking_app", database_name)
    async with running_api(make_settings(database_url=url, pluggy_webhook_secret=SECRET)) as (_, http):
        answers = [await http.post(PATH, json=event_of(), headers=headers) for _ in range(60)]

    async with transaction(resources.sessions, None) as session:
        kept = (await session.execute(text("SELECT reason FROM webhook_rejections"))).scalars().all()
        counted = (await session.execute(text("SELECT reason, total FROM webhook_rejection_counts"))).all()
    assert {answer.status_code for answer in answers} == {401}
    assert kept == ["bad_proof"] * 50
    assert [tuple(row) for row in counted] == [("bad_proof", 60)]
    assert await inbox_rows(resources.sessions) == []


async def test_an_event_of_another_application_is_refused(client: httpx.AsyncClient, resources: Resources) -> None:
    """R57: `clientId` is checked where there is one."""
    await deliver(client, event_of("transactions/updated", clientId=str(uuid4())), expect=401)
    await deliver(client, event_of("transactions/updated", clientId={"not": "text"}), expect=401)

    assert await inbox_rows(resources.sessions) == []


@pytest.mark.parametrize(
    ("forwarded", "trusted", "expected"),
    [
        ("52.67.145.81", "127.0.0.0/8", 202),
        ("10.9.9.9, 52.67.145.81", "127.0.0.0/8", 202),
        ("52.67.145.81, 203.0.113.5", "127.0.0.0/8", 401),
        ("52.67.145.81", "", 401),
        (None, "127.0.0.0/8", 401),
    ],
)
async def test_only_listed_addresses_may_deliver_and_only_trusted_proxies_tell_them(
    server_urls: ServerUrls,
    database_name: str,
    resources: Resources,
    forwarded: str | None,
    trusted: str,
    expected: int,
) -> None:
    """R58"""
    settings = make_settings(
        database_url=server_urls.postgres("banking_app", database_name),
        pluggy_webhook_secret=SECRET,
        pluggy_webhook_allowed_ips="52.67.145.81",
        trusted_proxies=trusted,
    )
    headers = PROOF if forwarded is None else {**PROOF, "X-Forwarded-For": forwarded}
    async with running_api(settings) as (_, http):
        answer = await http.post(PATH, json=event_of(), headers=headers)

    assert answer.status_code == expected
    assert len(await inbox_rows(resources.sessions)) == (expected == 202)


async def test_forging_does_not_make_the_database_work(client: httpx.AsyncClient, resources: Resources) -> None:
    async def forge() -> int:
        return (await client.post(PATH, json=event_of(), headers={"X-Webhook-Secret": "forged"})).status_code

    answers = await asyncio.gather(*(forge() for _ in range(100)))
    await asyncio.sleep(0.3)

    async with transaction(resources.sessions, None) as session:
        written = await session.scalar(text("SELECT count(DISTINCT xmin::text) FROM webhook_rejections"))
    assert set(answers) == {401}
    assert written is not None
    assert written <= 2
