"""Every event of Pluggy's data, brought about by what causes it, with the fields that Pluggy gives it."""

from sandbox.events import ITEM_EVENTS, TRANSACTION_EVENTS
from tests.sandbox.desk import HOOK, Desk, Json
from tests.sandbox.test_transactions import checking

ABOUT_ITEM = {"event", "eventId", "itemId", "id", "clientUserId", "triggeredBy"}
ABOUT_ROWS = ABOUT_ITEM | {"accountId", "clientId"}
CREATED = {
    "transactionsCount",
    "transactionsMinDate",
    "transactionsCreatedAtFrom",
    "createdTransactionsLink",
    "createdTransactionsLinkV2",
}
FIELDS = {
    **dict.fromkeys(ITEM_EVENTS, ABOUT_ITEM),
    "item/error": ABOUT_ITEM | {"error"},
    "item/deleted": ABOUT_ITEM - {"triggeredBy"},
    "connector/status_updated": {"event", "eventId", "connectorId", "id", "data"},
    "transactions/created": ABOUT_ROWS | CREATED,
    "transactions/updated": ABOUT_ROWS | {"transactionIds"},
    "transactions/deleted": (ABOUT_ROWS | {"transactionIds"}) - {"triggeredBy"},
}


async def happen(desk: Desk) -> None:
    """Bring about each kind of event."""
    await desk.settled_item(connector=5)  # a code is asked for, and nobody gives it
    await desk.settled_item("user-ok-qr")  # nor scans the picture
    await desk.advance(600)
    account = await checking(desk, "user-ok")
    one, other = (await desk.call("GET", "/v2/transactions", params={"accountId": account["id"]}))["results"][:2]
    await desk.control("PATCH", f"/transactions/{one['id']}?applyNow=true", {"description": "CHANGED"})
    await desk.control("POST", "/transactions/remove?applyNow=true", {"ids": [other["id"]]})
    await desk.control("POST", f"/items/{account['itemId']}/sync")
    await desk.advance(10)
    await desk.control("PUT", "/connectors/0/health", {"status": "OFFLINE"})
    await desk.call("DELETE", f"/items/{account['itemId']}")
    await desk.advance(1)


async def test_every_event_comes_with_the_fields_that_pluggy_gives_it(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "all"})

    await happen(desk)

    told: dict[str, Json] = {event["event"]: event for event in desk.events()}
    assert set(told) == {*ITEM_EVENTS, *TRANSACTION_EVENTS, "connector/status_updated"}
    assert {name: set(event) for name, event in told.items()} == FIELDS
    assert {event["id"] == event["itemId"] for event in told.values() if "itemId" in event} == {True}
    assert {event["code"] for each in desk.events("item/error") if (event := each["error"])} == {"USER_INPUT_TIMEOUT"}
    assert [each["error"].get("parameter") for each in desk.events("item/error")] == ["token", None]
    assert told["connector/status_updated"]["data"] == {"status": "OFFLINE"}
