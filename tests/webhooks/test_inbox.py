"""Storing what arrives: durable before the answer, in batches, with an answer in time whatever happens."""

import asyncio
import time
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from app.database import transaction
from app.jobs import QUEUE
from app.resources import Resources
from app.webhooks import inbox
from app.webhooks.events import Delivery
from tests.http_support import make_settings, running_api
from tests.servers import ServerUrls
from tests.webhooks.support import PATH, PROOF, SECRET, deliver, event_of, inbox_rows, owed_refs


async def test_an_event_is_stored_with_its_owed_work_before_its_answer(
    client: httpx.AsyncClient, resources: Resources
) -> None:
    """R2"""
    body = event_of("item/updated", itemId="0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f")

    answer = await deliver(client, body)

    (stored,) = await inbox_rows(resources.sessions)
    assert answer.content == b""
    assert (stored.event_id, stored.event, stored.status) == (body["eventId"], "item/updated", "pending")
    assert stored.item_id == UUID(body["itemId"])
    assert await owed_refs(resources.sessions) == {stored.id}


async def test_what_arrives_together_is_committed_together(client: httpx.AsyncClient, resources: Resources) -> None:
    bodies = [event_of("boleto/updated") for _ in range(300)]

    await asyncio.gather(*(deliver(client, body) for body in bodies))

    rows = await inbox_rows(resources.sessions)
    async with transaction(resources.sessions, None) as session:
        commits = await session.scalar(text("SELECT count(DISTINCT xmin::text) FROM webhook_events"))
    assert {row.event_id for row in rows} == {body["eventId"] for body in bodies}
    assert await owed_refs(resources.sessions) == {row.id for row in rows}
    assert commits is not None
    assert commits < 100


async def test_the_bell_rings_once_a_batch(client: httpx.AsyncClient, resources: Resources) -> None:
    """R5"""
    await asyncio.gather(*(deliver(client, event_of("boleto/updated")) for _ in range(200)))
    await asyncio.sleep(0.2)

    assert 1 <= await resources.redis.zcard(QUEUE) < 70


async def test_a_duplicate_is_answered_alike_and_stored_once(client: httpx.AsyncClient, resources: Resources) -> None:
    """R4: also within one batch."""
    body = event_of()

    await asyncio.gather(*(deliver(client, body) for _ in range(20)))
    await deliver(client, body)

    assert len(await inbox_rows(resources.sessions)) == 1
    assert len(await owed_refs(resources.sessions)) == 1


async def test_an_unreachable_database_is_answered_503_in_time() -> None:
    """R3"""
    async with running_api(make_settings(pluggy_webhook_secret=SECRET)) as (_, http):
        began = time.monotonic()
        answer = await http.post(PATH, json=event_of(), headers=PROOF)

    assert time.monotonic() - began < 2
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) <= 3
    assert answer.json()["code"] == "service_unavailable"


async def test_a_database_that_hangs_is_answered_503_in_time_and_loses_nothing_afterwards(
    client: httpx.AsyncClient, resources: Resources, superuser_url: str
) -> None:
    """R3"""
    bodies = [event_of() for _ in range(30)]
    blocker = await asyncpg.connect(superuser_url)
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE")
            began = time.monotonic()
            refused = await asyncio.gather(*(client.post(PATH, json=body, headers=PROOF) for body in bodies))
            seconds = time.monotonic() - began
    finally:
        await blocker.close()
    again = await asyncio.gather(*(client.post(PATH, json=body, headers=PROOF) for body in bodies))

    assert seconds < 2.5  # 2 s, and what 30 answers of a test client cost
    assert {answer.status_code for answer in refused} == {503}
    assert {answer.status_code for answer in again} == {202}
    assert len(await inbox_rows(resources.sessions)) == 30


async def test_an_event_that_meets_the_end_of_a_connection_is_stored_on_another(
    resources: Resources, superuser_url: str
) -> None:
    """R3: also where the server's farewell is there already and the connection's end is not yet."""
    admin = await asyncpg.connect(superuser_url)
    try:
        async with inbox.open_inbox(resources) as opened:
            for number in range(20):
                await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND usename = 'banking_app'"
                )
                await opened.receive(Delivery(event="item/updated", event_id=str(number)), b"{}")
    finally:
        await admin.close()

    await resources.engine.dispose()  # the pool of the test lost its connections too
    assert len(await inbox_rows(resources.sessions)) == 20


async def test_more_than_may_wait_is_answered_503_at_once(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R62"""
    monkeypatch.setattr(inbox, "MAX_WAITING", 0)

    answer = await client.post(PATH, json=event_of(), headers=PROOF)

    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_redis_away_changes_nothing_for_the_sender(
    resources: Resources, server_urls: ServerUrls, database_name: str
) -> None:
    """R1, R5"""
    settings = make_settings(
        database_url=server_urls.postgres("banking_app", database_name), pluggy_webhook_secret=SECRET
    )
    async with running_api(settings) as (_, http):
        began = time.monotonic()
        await deliver(http, event_of())

    assert time.monotonic() - began < 1.5
    assert len(await owed_refs(resources.sessions)) == 1
