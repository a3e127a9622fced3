"""What a delivery says, as far as we believe it: a name, an id, and which item to look at."""

import re
from uuid import UUID

import msgspec

from app.webhooks.errors import MalformedWebhook

_NAME = re.compile(r"[A-Za-z0-9_-]+(?:[/.][A-Za-z0-9_-]+)*")
_MAX_NAME = 100
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,200}")
_LEDGER = ("item/", "transactions/")


class _Payload(msgspec.Struct, rename="camel"):
    """Only the name and the event's id must be what they should be; events that we don't act on hold anything."""

    event: str
    event_id: str
    id: object = None
    item_id: object = None
    client_id: object = None
    account_id: object = None
    transaction_ids: object = None


_decode = msgspec.json.Decoder(_Payload).decode


class Delivery(msgspec.Struct, frozen=True):
    """A well-formed delivery; `event` is in the slash form. Ids are there for items and transactions only."""

    event: str
    event_id: str
    client_id: str | None = None
    item_id: UUID | None = None
    account_id: UUID | None = None
    transaction_ids: tuple[UUID, ...] = ()


def read_delivery(raw: bytes) -> Delivery:
    """Return the delivery in a raw body. Raises MalformedWebhook."""
    try:
        payload = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise MalformedWebhook("The body is not a JSON object with `event` and `eventId`.") from None
    if len(payload.event) > _MAX_NAME or not _NAME.fullmatch(payload.event):
        raise MalformedWebhook("`event` is not the name of an event, such as item/updated.")
    if not _EVENT_ID.fullmatch(payload.event_id):
        raise MalformedWebhook("`eventId` is empty, too long, or holds other than visible ASCII characters.")
    event = payload.event.replace(".", "/")
    client_id = None if payload.client_id is None else str(payload.client_id)
    if not event.startswith(_LEDGER):
        return Delivery(event, payload.event_id, client_id)
    item_id = payload.id if payload.item_id is None and event.startswith("item/") else payload.item_id
    return Delivery(
        event=event,
        event_id=payload.event_id,
        client_id=client_id,
        item_id=_uuid("itemId", item_id),
        account_id=_uuid("accountId", payload.account_id),
        transaction_ids=_uuids("transactionIds", payload.transaction_ids),
    )


def _uuids(name: str, values: object) -> tuple[UUID, ...]:
    if values is None:
        return ()
    if not isinstance(values, list) or None in values:
        raise MalformedWebhook(f"`{name}` is not a list of UUIDs.")
    return tuple(found for value in values if (found := _uuid(name, value)) is not None)


def _uuid(name: str, value: object) -> UUID | None:
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return UUID(value)
    except ValueError:
        pass
    raise MalformedWebhook(f"`{name}` is not a UUID.")
