"""Webhook endpoints over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text

from app.database import Sessions, transaction
from app.webhook_endpoints.models import WebhookEndpoint
from app.webhook_endpoints.service import MAX_ENDPOINTS
from tests.events.test_router import EVENTS, record
from tests.webhook_endpoints.conftest import ENDPOINTS, make_endpoint
from tests.webhook_endpoints.receiver import Receiver, answering
from worker.job import Runner


async def test_a_secret_is_shown_once_and_sealed_at_rest(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    made = await make_endpoint(client, "https://erp.example.com/hooks", description="ERP")

    read = (await client.get(f"{ENDPOINTS}{made['id']}/")).json()
    async with transaction(sessions, owner_id) as session:
        stored = (await session.scalars(select(WebhookEndpoint.secret))).one()
    assert made["secret"].startswith("whsec_")
    assert "secret" not in read
    assert made["secret"].encode() not in stored
    assert read["is_enabled"]
    assert read["event_types"] == []


@pytest.mark.parametrize(
    "url",
    ["http://erp.example.com/", "https://10.0.0.1/", "https://a:b@erp.example.com/", "https://erp.example.com:8443/"],
)
async def test_a_forbidden_url_is_refused_without_repeating_it(client: httpx.AsyncClient, url: str) -> None:
    """R48."""
    answer = await client.post(ENDPOINTS, json={"url": url})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "/body/url"
    assert url not in answer.text


async def test_an_unknown_type_of_event_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(ENDPOINTS, json={"url": "https://erp.example.com/", "event_types": ["sync.invented"]})

    assert answer.status_code == 422


async def test_an_owner_has_a_bounded_number_of_endpoints(client: httpx.AsyncClient) -> None:
    for _ in range(MAX_ENDPOINTS):
        await make_endpoint(client, "https://erp.example.com/")

    answer = await client.post(ENDPOINTS, json={"url": "https://erp.example.com/"})

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhook_endpoints")


async def test_endpoints_are_listed_changed_and_deleted(client: httpx.AsyncClient) -> None:
    first = await make_endpoint(client, "https://a.example.com/")
    second = await make_endpoint(client, "https://b.example.com/")

    changed = await client.patch(f"{ENDPOINTS}{first['id']}/", json={"event_types": ["bill.paid"], "description": "x"})
    gone = await client.delete(f"{ENDPOINTS}{second['id']}/")

    listed = (await client.get(ENDPOINTS)).json()["results"]
    assert (changed.status_code, gone.status_code) == (200, 204)
    assert [(row["url"], row["event_types"], row["description"]) for row in listed] == [
        ("https://a.example.com/", ["bill.paid"], "x")
    ]


async def test_a_change_of_what_one_has_not_seen_is_refused(client: httpx.AsyncClient) -> None:
    made = await make_endpoint(client, "https://a.example.com/")
    seen = (await client.get(f"{ENDPOINTS}{made['id']}/")).headers["etag"]
    await client.patch(f"{ENDPOINTS}{made['id']}/", json={"description": "x"})

    answer = await client.patch(f"{ENDPOINTS}{made['id']}/", json={"description": "y"}, headers={"If-Match": seen})

    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"description": "x"}),
        ("DELETE", "", None),
        ("POST", "rotate_secret/", None),
        ("POST", "test/", None),
        ("GET", "deliveries/", None),
        ("GET", f"deliveries/{uuid4()}/", None),
        ("POST", "redeliver/", {"delivery_id": str(uuid4())}),
        ("POST", "replay/", {"since": datetime.now(UTC).isoformat()}),
    ],
    ids=["get", "change", "delete", "rotate", "test", "deliveries", "delivery", "redeliver", "replay"],
)
async def test_another_owners_endpoint_is_an_absent_one(
    client: httpx.AsyncClient, sessions: Sessions, other_owner_id: UUID, method: str, path: str, body: Any
) -> None:
    """R53."""
    async with transaction(sessions, other_owner_id) as session:
        foreign = WebhookEndpoint(
            owner_id=other_owner_id,
            id=uuid4(),
            url="https://b.example.com/",
            event_types=[],
            secret=b"x",
            change_number=1,
        )
        session.add(foreign)

    for endpoint_id in (foreign.id, uuid4()):
        answer = await client.request(method, f"{ENDPOINTS}{endpoint_id}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_endpoint_not_found")


async def test_a_test_sends_one_signed_event_at_once_and_tells_the_outcome(
    client: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await make_endpoint(client, receiver.url)
    receiver.answer = answering(500, body="no database")

    answer = (await client.post(f"{ENDPOINTS}{made['id']}/test/")).json()

    (received,) = receiver.requests
    received.verify(made["secret"])
    assert received.event["type"] == "webhook_endpoint.test"
    assert (answer["status"], answer["error"], answer["answer"]) == (500, "refused", "no database")
    assert answer["milliseconds"] >= 0
    assert (await client.get(EVENTS)).json()["results"] == []


async def test_after_a_rotation_both_secrets_sign_for_a_day(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver
) -> None:
    """R44."""
    made = await make_endpoint(client, receiver.url)
    rotated = (await client.post(f"{ENDPOINTS}{made['id']}/rotate_secret/")).json()
    await client.post(f"{ENDPOINTS}{made['id']}/test/")
    async with transaction(sessions, owner_id) as session:
        await session.execute(text("UPDATE webhook_endpoints SET previous_until = now() - interval '1 second'"))

    await client.post(f"{ENDPOINTS}{made['id']}/test/")

    during, after = receiver.requests
    overlap = datetime.fromisoformat(rotated["previous_until"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < overlap <= timedelta(hours=24)
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    assert len(after.headers["webhook-signature"].split(" ")) == 1
    for secret in (made["secret"], rotated["secret"]):
        during.verify(secret)
    after.verify(rotated["secret"])


async def test_deliveries_can_be_followed_one_by_one(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    made = await make_endpoint(client, receiver.url)
    await record(sessions, owner_id, number=1)
    await runner.settle()
    receiver.answer = answering(503, body="later")
    await record(sessions, owner_id, number=2)
    await runner.settle()

    newest, oldest = (await client.get(f"{ENDPOINTS}{made['id']}/deliveries/")).json()["results"]
    pending = (await client.get(f"{ENDPOINTS}{made['id']}/deliveries/", params={"status": "pending"})).json()["results"]
    detail = (await client.get(f"{ENDPOINTS}{made['id']}/deliveries/{newest['id']}/")).json()

    assert (oldest["status"], oldest["last_attempt"]["status"]) == ("succeeded", 204)
    assert [row["id"] for row in pending] == [newest["id"]]
    assert newest["next_attempt_at"] is not None
    assert [(each["status"], each["answer"]) for each in detail["history"]] == [(503, "later")]


async def test_one_event_is_delivered_again_under_the_same_id(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    made = await make_endpoint(client, receiver.url)
    await record(sessions, owner_id)
    await runner.settle()
    (delivery,) = (await client.get(f"{ENDPOINTS}{made['id']}/deliveries/")).json()["results"]

    answer = await client.post(f"{ENDPOINTS}{made['id']}/redeliver/", json={"delivery_id": delivery["id"]})
    await runner.settle()

    first, second = receiver.requests
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery["event_id"]


async def test_a_replay_sends_what_did_not_arrive_what_happened_while_disabled_too(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R46."""
    made = await make_endpoint(client, receiver.url, event_types=["sync.completed"])
    one, since = f"{ENDPOINTS}{made['id']}/", datetime.now(UTC) - timedelta(days=1)
    await record(sessions, owner_id, number=1)
    await runner.settle()
    await client.patch(one, json={"is_enabled": False})
    await record(sessions, owner_id, number=2)
    await record(sessions, owner_id, "bill.paid", number=3)
    refused = await client.post(one + "replay/", json={"since": since.isoformat()})
    await client.patch(one, json={"is_enabled": True})

    told = (await client.post(one + "replay/", json={"since": since.isoformat()})).json()
    await runner.settle()
    whole = (await client.post(one + "replay/", json={"since": since.isoformat(), "include_delivered": True})).json()
    await runner.settle()

    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_endpoint_disabled")
    assert (told["events"], told["has_more"], whole["events"]) == (1, False, 2)
    assert [each.event["data"] for each in receiver.requests] == [
        {"number": 1},
        {"number": 2},
        {"number": 1},
        {"number": 2},
    ]


async def test_a_replay_reaches_thirty_days_back(client: httpx.AsyncClient) -> None:
    made = await make_endpoint(client, "https://a.example.com/")
    long_ago = datetime.now(UTC) - timedelta(days=31)

    answer = await client.post(f"{ENDPOINTS}{made['id']}/replay/", json={"since": long_ago.isoformat()})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/body/since")


async def test_a_deleted_endpoint_is_owed_nothing(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    made = await make_endpoint(client, receiver.url)
    await record(sessions, owner_id)

    await client.delete(f"{ENDPOINTS}{made['id']}/")
    await runner.settle()

    async with transaction(sessions, None) as session:
        owed = await session.scalar(text("SELECT count(*) FROM owed_work WHERE kind = 'delivery'"))
    assert (owed, receiver.connections) == (0, 0)
