"""Events on their way: payloads, proof, retries, giving up."""

import base64
import hashlib
import hmac
from datetime import datetime

import httpx
import pytest

from sandbox.courier import signature
from tests.sandbox.desk import BASE_URL, HOOK, Desk, Json


async def subscribe(desk: Desk, event: str = "all", **extra: object) -> Json:
    webhook: Json = await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": event, **extra})
    return webhook


def seconds_between(attempts: list[Json]) -> list[float]:
    instants = [datetime.fromisoformat(attempt["at"]) for attempt in attempts]
    return [(instant - instants[0]).total_seconds() for instant in instants]


async def test_a_first_run_tells_login_creation_and_news_per_account(desk: Desk) -> None:
    await subscribe(desk)

    item = await desk.settled_item(clientUserId="owner-1", products=None)

    events = desk.events()
    accounts = (await desk.call("GET", "/accounts", params={"itemId": item["id"]}))["results"]
    assert {event["event"] for event in events} == {"item/login_succeeded", "item/created", "transactions/created"}
    assert {event["itemId"] for event in events} == {item["id"]}
    assert {event["clientUserId"] for event in events} == {"owner-1"}
    assert {event["triggeredBy"] for event in events} == {"CLIENT"}
    news = [event for event in events if event["event"] == "transactions/created"]
    assert {event["accountId"] for event in news} <= {account["id"] for account in accounts}
    assert len({event["eventId"] for event in events}) == len(events)


async def test_the_created_link_is_ours_and_leads_to_exactly_the_new_rows(desk: Desk) -> None:
    await subscribe(desk, "transactions/created")
    await desk.settled_item(products=None)
    desk.received.clear()

    await desk.advance(86400)

    for event in desk.events():
        link = event["createdTransactionsLinkV2"]
        rows = (await desk.call("GET", link))["results"]
        assert link.startswith(f"{BASE_URL}/v2/transactions?")
        assert event["createdTransactionsLink"] == link
        assert len(rows) == event["transactionsCount"]
        assert min(row["date"] for row in rows) == event["transactionsMinDate"]
    assert desk.events()


async def test_a_webhook_hears_only_its_event_and_item_all_hears_items(desk: Desk) -> None:
    await subscribe(desk, "item/created")
    await desk.call("POST", "/webhooks", 201, json={"url": f"{HOOK}/items", "event": "item/all"})

    await desk.settled_item()

    urls = [(str(request.url), event["event"]) for request, event in zip(desk.received, desk.events(), strict=True)]
    assert urls.count((HOOK, "item/created")) == 1
    assert {event for url, event in urls if url == HOOK} == {"item/created"}
    assert {event for url, event in urls if url.endswith("/items")} == {"item/login_succeeded", "item/created"}


async def test_both_subscriptions_of_one_event_share_its_event_id(desk: Desk) -> None:
    await subscribe(desk, "item/created")

    await desk.settled_item(webhookUrl="https://hooks.example.com/own")

    created = desk.events("item/created")
    assert len(created) == 2
    assert created[0]["eventId"] == created[1]["eventId"]


async def test_static_headers_and_the_signature_prove_the_sender(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", {"webhookSigningSecret": "whsec"})
    await subscribe(desk, "item/created", headers={"X-Webhook-Secret": "s3cret"})

    await desk.settled_item()

    [request] = desk.received
    digest = hmac.new(b"whsec", request.content, hashlib.sha512).digest()
    assert request.headers["X-Webhook-Secret"] == "s3cret"
    assert request.headers["X-HMAC-SHA512-Signature"] == base64.b64encode(digest).decode()


def test_the_signature_is_that_of_the_worked_example() -> None:
    body = (
        b'{"event":"item/updated","eventId":"7c0e2f5a-3a55-4a9e-9d0e-6a1f0f3b2c11",'
        b'"itemId":"0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f","triggeredBy":"SYNC","clientUserId":"user-42"}'
    )

    found = signature("whsec_demo_0123456789abcdef", body)

    assert found == "wyvaPzzi4nYKVk8CpLbu8NK9+tLpwYnhDJXqCBr84JeIHC+3gvppdVc/7jlcCxmAzmL1Ge7hRtrQYPqPiRZOUQ=="


@pytest.mark.parametrize("status", [500, 302, 429])
async def test_an_event_is_tried_nine_times_in_three_rounds_with_one_id(desk: Desk, status: int) -> None:
    desk.answers = lambda _: httpx.Response(status)
    await subscribe(desk, "item/created")
    await desk.settled_item()

    for _ in range(40):
        await desk.advance(300)

    [delivery] = (await desk.control("GET", "/deliveries"))["results"]
    offsets = seconds_between(delivery["attempts"])
    assert (delivery["state"], len(offsets), delivery["dueAt"]) == ("lost", 9, None)
    assert offsets[3] >= 890
    assert offsets[6] >= 8090
    assert len({event["eventId"] for event in desk.events()}) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_some_refusals_are_never_retried(desk: Desk, status: int) -> None:
    desk.answers = lambda _: httpx.Response(status)
    await subscribe(desk, "item/created")

    await desk.settled_item()
    await desk.advance(3600)

    [delivery] = (await desk.control("GET", "/deliveries"))["results"]
    assert (delivery["state"], len(delivery["attempts"])) == ("lost", 1)


async def test_login_succeeded_has_one_round_only(desk: Desk) -> None:
    desk.answers = lambda _: httpx.Response(500)
    await subscribe(desk, "item/login_succeeded")
    await desk.settled_item()

    for _ in range(5):
        await desk.advance(3600)

    [delivery] = (await desk.control("GET", "/deliveries"))["results"]
    assert len(delivery["attempts"]) == 3


async def test_a_receiver_that_cannot_be_reached_counts_as_a_failed_attempt(desk: Desk) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    desk.answers = refuse
    await subscribe(desk, "item/created")

    await desk.settled_item()

    [delivery] = (await desk.control("GET", "/deliveries"))["results"]
    assert (delivery["attempts"][0]["status"], delivery["attempts"][0]["error"]) == (None, "ConnectError")
    assert delivery["state"] == "pending"


async def test_a_lost_event_can_be_sent_again_by_hand(desk: Desk) -> None:
    desk.answers = lambda _: httpx.Response(401)
    await subscribe(desk, "item/created")
    await desk.settled_item()
    [lost] = (await desk.control("GET", "/deliveries"))["results"]
    desk.answers = lambda _: httpx.Response(204)

    sent = await desk.control("POST", f"/deliveries/{lost['id']}/retry")

    assert sent["state"] == "delivered"


async def test_events_lost_in_a_row_disable_the_webhook_until_it_is_enabled_again(desk: Desk) -> None:
    desk.answers = lambda _: httpx.Response(401)
    await desk.control("PATCH", "/settings", {"webhookDisableAfter": 2})
    webhook = await subscribe(desk, "item/created")
    for _ in range(3):
        await desk.settled_item()

    disabled = await desk.call("GET", f"/webhooks/{webhook['id']}")
    tried = len(desk.received)
    enabled = await desk.call("PATCH", f"/webhooks/{webhook['id']}", json={"enabled": True})
    await desk.settled_item()

    assert disabled["disabledAt"] is not None
    assert tried == 2
    assert enabled["disabledAt"] is None
    assert len(desk.received) == 3


async def test_a_dropped_event_is_never_sent(desk: Desk) -> None:
    await subscribe(desk)
    await desk.control("POST", "/webhook-rules", {"kind": "drop", "event": "item/*", "remaining": 2})

    await desk.settled_item(products=None)

    assert desk.events("item/") == []
    assert desk.events("transactions/")


async def test_a_duplicated_event_comes_more_often_with_one_id(desk: Desk) -> None:
    await subscribe(desk, "item/created")
    await desk.control("POST", "/webhook-rules", {"kind": "duplicate", "copies": 2})

    await desk.settled_item()

    assert len(desk.events()) == 3
    assert len({event["eventId"] for event in desk.events()}) == 1


async def test_a_delayed_event_waits_and_shuffled_ones_are_scattered(desk: Desk) -> None:
    await subscribe(desk)
    await desk.control("POST", "/webhook-rules", {"kind": "delay", "event": "item/created", "seconds": 60})
    await desk.control("POST", "/webhook-rules", {"kind": "shuffle", "event": "transactions/*", "seconds": 600})

    await desk.settled_item(products=None)
    early = len(desk.events())
    await desk.advance(60)
    after_a_minute = [event["event"] for event in desk.events()]
    await desk.advance(600)

    assert early == 1
    assert "item/created" in after_a_minute
    assert len(desk.events()) > len(after_a_minute)


async def test_a_forged_event_carries_no_valid_proof(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", {"webhookSigningSecret": "whsec"})
    await subscribe(desk, "item/created", headers={"X-Webhook-Secret": "s3cret"})
    await desk.control("POST", "/webhook-rules", {"kind": "forge"})

    await desk.settled_item()

    proofs = [request.headers["X-Webhook-Secret"] for request in desk.received]
    assert sorted(proofs) == ["forged", "s3cret"]
    assert len({event["eventId"] for event in desk.events()}) == 2


async def test_any_event_can_be_sent_by_hand(desk: Desk) -> None:
    await subscribe(desk)

    sent = await desk.control("POST", "/events", {"event": "boleto/updated", "payload": {"id": "1"}})
    await desk.advance(1)

    assert desk.events() == [{"event": "boleto/updated", "eventId": sent["eventId"], "id": "1"}]
