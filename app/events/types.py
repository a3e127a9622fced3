"""Which events there are, and what they may carry."""

import re
from datetime import date, datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

import msgspec

EventType = Literal[
    "connection.created",
    "connection.updated",
    "connection.action_required",
    "connection.deleted",
    "consent.granted",
    "consent.expiring",
    "consent.revoked",
    "sync.completed",
    "sync.failed",
    "transactions.changed",
    "bill.closed",
    "bill.due_soon",
    "bill.paid",
    "insight.created",
    "webhook_endpoint.disabled",
]
EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)

MAX_DATA_BYTES: Final = 20_000
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,63}")
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def thin(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data as JSON. Raises ValueError for what a thin payload never carries (R49).

    It takes ids, whole numbers, flags, days, instants, words of the API (`update_credentials`), and lists of those:
    no free text, no fraction (so no money), nothing nested, 20 kB at most.
    """
    told = {name: _value(name, value) for name, value in data.items()}
    if len(msgspec.json.encode(told)) > MAX_DATA_BYTES:
        raise ValueError("an event's data is too long: name the resource, so that the client reads it")
    return told


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_single(name, each) for each in value]
    return _single(name, value)


def _single(name: str, value: Any) -> Any:
    match value:
        case None | bool() | int():
            return value
        case UUID():
            return str(value)
        case datetime() | date():
            return msgspec.to_builtins(value)
        case str() if _WORD.fullmatch(value) or _ID.fullmatch(value):
            return str(value)
    raise ValueError(f"an event can't carry {name}: only ids, whole numbers, flags, days and words of the API")
