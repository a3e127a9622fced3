"""What a delivery says, as far as we believe it: a name, an id, and which item to look at."""

import re
from uuid import UUID

import msgspec

from app.webhooks.errors import MalformedWebhook

_NAME = re.compile(r"[a-z_]+[/.][a-z_]+")
_MAX_EVENT_ID = 200


class _Payload(msgspec.Struct, rename="camel"):
    event: str
    event_id: str | None = None
    item_id: str | None = None
    client_id: str | None = None
    account_id: str | None = None
    transaction_ids: list[str] | None = None


class Delivery(msgspec.Struct, frozen=True):
    """A well-formed delivery; `event` is in the slash form."""

    event: str
    event_id: str
    item_id: UUID | None
    client_id: str | None
    account_id: UUID | None
    transaction_ids: tuple[UUID, ...]


def read_delivery(raw: bytes) -> Delivery:
    """Return the delivery in a raw body. Raises MalformedWebhook."""
    try:
        payload = msgspec.json.decode(raw, type=_Payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise MalformedWebhook("The body is not a JSON object with the fields of an event.") from None
    if not _NAME.fullmatch(payload.event):
        raise MalformedWebhook("`event` is not the name of an event, such as item/updated.")
    if not payload.event_id or len(payload.event_id) > _MAX_EVENT_ID or "\0" in payload.event_id:
        raise MalformedWebhook("`eventId` is missing or too long.")
    return Delivery(
        event=payload.event.replace(".", "/"),
        event_id=payload.event_id,
        item_id=_uuid("itemId", payload.item_id),
        client_id=payload.client_id,
        account_id=_uuid("accountId", payload.account_id),
        transaction_ids=tuple(_required("transactionIds", text) for text in payload.transaction_ids or ()),
    )


def _uuid(name: str, text: str | None) -> UUID | None:
    return None if text is None else _required(name, text)


def _required(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise MalformedWebhook(f"`{name}` is not a UUID.") from None
