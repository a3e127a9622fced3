"""Events to the client's webhooks: payloads as Pluggy writes them, and one delivery for each subscriber."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlencode

import msgspec

from sandbox.clock import iso
from sandbox.ledger import AccountChanges
from sandbox.records import Delivery, Item, WebhookRule
from sandbox.wire import encode
from sandbox.world import World

ITEM_EVENTS = (
    "item/created",
    "item/updated",
    "item/deleted",
    "item/error",
    "item/waiting_user_input",
    "item/waiting_user_action",
    "item/login_succeeded",
)
TRANSACTION_EVENTS = ("transactions/created", "transactions/updated", "transactions/deleted")
PAYMENT_EVENTS = tuple(
    f"{topic}/{happening}"
    for topic, happenings in {
        "payment_intent": "created completed waiting_payer_authorization error",
        "payment_request": "updated",
        "scheduled_payment": "created completed error canceled all_completed all_created",
        "boleto": "updated",
        "automatic_pix_payment": "created completed error canceled",
        "smart_transfer_preauthorization": "completed error",
        "smart_transfer_payment": "completed error",
    }.items()
    for happening in happenings.split()
)
SUBSCRIBABLE = frozenset(
    ("all", "item/all", "connector/status_updated", *ITEM_EVENTS, *TRANSACTION_EVENTS, *PAYMENT_EVENTS)
)
_UNTRIGGERED = ("item/deleted", "transactions/deleted")
_IDS_PER_EVENT = 400


def are_awaited(world: World, item: Item) -> bool:
    """Whether anybody wants to hear of the item's transactions."""
    return any(True for event in TRANSACTION_EVENTS for _ in _subscribers(world, event, item.webhook_url))


def emit_item_event(world: World, item: Item, event: str, *, parameter: str | None = None) -> None:
    """`parameter` names the input that was awaited in vain."""
    payload: dict[str, Any] = {"itemId": item.id, "id": item.id}
    if event == "item/error" and item.error:
        payload["error"] = {"code": item.error["code"], "message": item.error["message"]}
        if parameter:
            payload["error"]["parameter"] = parameter
    _emit_for_item(world, item, event, payload)


def emit_transaction_events(
    world: World, item: Item, account_id: str, changes: AccountChanges, *, at: datetime
) -> None:
    """One event for the new rows (created `at`), one for each 400 changed ones, one for the deleted."""
    about = {"itemId": item.id, "id": item.id, "accountId": account_id, "clientId": world.config.client_id}
    if changes.created:
        since = iso(at)
        query = urlencode({"accountId": account_id, "createdAtFrom": since})
        v1 = "/transactions" if world.settings.v1_transactions == "legacy" else "/v2/transactions"
        created = {
            "transactionsCount": len(changes.created),
            "transactionsMinDate": changes.min_date,
            "transactionsCreatedAtFrom": since,
            "createdTransactionsLink": f"{world.config.base_url}{v1}?{query}",
            "createdTransactionsLinkV2": f"{world.config.base_url}/v2/transactions?{query}",
        }
        _emit_for_item(world, item, "transactions/created", about | created)
    for start in range(0, len(changes.updated), _IDS_PER_EVENT):
        ids = {"transactionIds": changes.updated[start : start + _IDS_PER_EVENT]}
        _emit_for_item(world, item, "transactions/updated", about | ids)
    if changes.deleted:
        _emit_for_item(world, item, "transactions/deleted", about | {"transactionIds": changes.deleted})


def emit_connector_event(world: World, connector_id: int, status: str) -> None:
    payload = {"connectorId": connector_id, "id": str(connector_id), "data": {"status": status}}
    send(world, "connector/status_updated", payload)


def _emit_for_item(world: World, item: Item, event: str, payload: dict[str, Any]) -> None:
    if event not in _UNTRIGGERED:
        payload["triggeredBy"] = item.run.triggered_by
    send(world, event, {**payload, "clientUserId": item.client_user_id}, item_url=item.webhook_url)


def send(
    world: World, event: str, payload: dict[str, Any], *, item_url: str | None = None, forged: bool = False
) -> str:
    """Queue the event for every subscriber; the same `eventId` goes to each. Returns it."""
    event_id = world.new_id("event")
    body = encode({"event": event, "eventId": event_id, **payload}).decode()
    for webhook_id, url in _subscribers(world, event, item_url):
        queue(world, event, event_id, body, url, webhook_id, forged=forged)
    return event_id


def queue(
    world: World, event: str, event_id: str, body: str, url: str, webhook_id: str | None, *, forged: bool = False
) -> Delivery:
    """One delivery to one URL, as the control plane's rules will have it."""
    delivery = Delivery(
        id=world.new_id("delivery"),
        event=event,
        event_id=event_id,
        url=url,
        webhook_id=webhook_id,
        body=body,
        created_at=world.now(),
        due_at=world.now(),
        forged=forged,
    )
    for rule in [] if forged else _rules_for(world, event):
        _bend(world, delivery, rule)
    world.deliveries.put(delivery.id, delivery)
    world.wake.set()
    return delivery


def _rules_for(world: World, event: str) -> Iterator[WebhookRule]:
    for rule in world.webhook_rules:
        if rule.remaining != 0 and fnmatchcase(event, rule.event):
            rule.hits += 1
            rule.remaining = None if rule.remaining is None else rule.remaining - 1
            world.webhook_rules.put(rule.id, rule)
            yield rule


def _bend(world: World, delivery: Delivery, rule: WebhookRule) -> None:
    match rule.kind:
        case "drop":
            delivery.state, delivery.due_at = "dropped", None
        case "delay":
            _postpone(delivery, rule.seconds)
        case "shuffle":
            luck = int(delivery.id[:8], 16) / 2**32  # as random as the id, as repeatable
            _postpone(delivery, luck * rule.seconds)
        case "duplicate":
            for _ in range(rule.copies):
                copy = msgspec.structs.replace(delivery, id=world.new_id("delivery"), attempts=[])
                world.deliveries.put(copy.id, copy)
        case "forge":
            for _ in range(rule.copies):
                false_id = world.new_id("event")
                body = delivery.body.replace(delivery.event_id, false_id)
                queue(world, delivery.event, false_id, body, delivery.url, delivery.webhook_id, forged=True)


def _postpone(delivery: Delivery, seconds: float) -> None:
    if delivery.due_at is not None:
        delivery.created_at += timedelta(seconds=seconds)
        delivery.due_at = delivery.created_at


def _subscribers(world: World, event: str, item_url: str | None) -> Iterable[tuple[str | None, str]]:
    for webhook in world.webhooks:
        if webhook.disabled_at is None and _wants(webhook.event, event):
            yield webhook.id, webhook.url
    if item_url:
        yield None, item_url


def _wants(subscribed: str, event: str) -> bool:
    return subscribed in ("all", event) or (subscribed == "item/all" and event.startswith("item/"))
