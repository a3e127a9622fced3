"""Registering webhooks: rules, limits, changes."""

import pytest

from tests.sandbox.desk import HOOK, Desk


async def test_a_webhook_is_made_read_changed_and_removed(desk: Desk) -> None:
    made = await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "all", "headers": {"X-Secret": "s"}})
    path = f"/webhooks/{made['id']}"

    cleared = await desk.call("PATCH", path, json={"headers": None, "event": "item/all"})
    listed = await desk.call("GET", "/webhooks")
    removed = await desk.call("DELETE", path)

    assert (made["headers"], made["disabledAt"]) == ({"X-Secret": "s"}, None)
    assert (cleared["headers"], cleared["event"], cleared["url"]) == ({}, "item/all", HOOK)
    assert listed["results"] == [cleared]
    assert removed == {"count": 1}
    await desk.call("GET", path, 404)


async def test_the_create_status_is_a_setting(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", {"webhookCreateStatus": 200})

    await desk.call("POST", "/webhooks", 200, json={"url": HOOK, "event": "all"})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nothing", "Webhook url must be valid URL address and not localhost"),
        ("ftp://example.com", "Webhook url must be valid URL address and not localhost"),
        ("http://example.com/hook", "Webhook url must be a https secured url"),
        ("https://8.8.8.8/hook", "Webhook url host can't be an IP address"),
        ("https://[::1]/hook", "Webhook url host can't be an IP address"),
        ("https://localhost/hook", "Webhook url host can't be localhost or a reserved/internal name"),
        ("https://bank.internal/hook", "Webhook url host can't be localhost or a reserved/internal name"),
        ("https://no-such-host.invalid/hook", "Webhook url host could not be resolved"),
    ],
)
async def test_without_the_switch_the_real_url_rules_hold(desk: Desk, url: str, message: str) -> None:
    await desk.control("PATCH", "/settings", {"allowLoopbackUrls": False})

    refusal = await desk.call("POST", "/webhooks", 400, json={"url": url, "event": "all"})

    assert refusal["message"] == message
    assert "codeDescription" not in refusal
    assert "details" not in refusal


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/hook", "http://localhost:9/x", "http://api:8000/hook", HOOK])
async def test_with_the_switch_a_local_service_may_be_told(desk: Desk, url: str) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": url, "event": "all"})


async def test_unknown_events_repeated_urls_and_a_sixth_webhook_are_refused(desk: Desk) -> None:
    unknown = await desk.call("POST", "/webhooks", 400, json={"url": HOOK, "event": "transactions/*"})
    for number in range(5):
        await desk.call("POST", "/webhooks", 201, json={"url": f"{HOOK}/{number}", "event": "all"})
    again = await desk.call("POST", "/webhooks", 400, json={"url": f"{HOOK}/0", "event": "all"})
    sixth = await desk.call("POST", "/webhooks", 400, json={"url": f"{HOOK}/5", "event": "all"})

    assert unknown["message"] == "Invalid event type 'transactions/*' for webhook"
    assert again["message"] == f"A webhook for event 'all' and url '{HOOK}/0' already exists."
    assert sixth["message"] == "You have reached the maximum of 5 webhooks for event 'all'."


@pytest.mark.parametrize("headers", [{"bad name": "x"}, {"X-A": "line\nbreak"}, {"X-A": "não"}, {"": "x"}])
async def test_headers_that_could_not_be_sent_are_refused(desk: Desk, headers: dict[str, str]) -> None:
    await desk.call("POST", "/webhooks", 400, json={"url": HOOK, "event": "all", "headers": headers})


async def test_an_items_own_url_is_checked_too(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", {"allowLoopbackUrls": False})
    parameters = {"user": "user-ok", "password": "password-ok"}
    body = {"connectorId": 2, "parameters": parameters, "webhookUrl": "http://localhost/x"}

    refusal = await desk.call("POST", "/items", 400, json=body)

    assert "details" not in refusal
