"""The one form of an event, for the list, the stream and webhooks."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec


class Told(Protocol):
    """What an envelope is made from: a row of events."""

    @property
    def id(self) -> UUID: ...
    @property
    def type(self) -> str: ...
    @property
    def sequence(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def data(self) -> dict[str, Any]: ...


def encode_event(event: Told) -> bytes:
    """Return the event as JSON, in one line."""
    return msgspec.json.encode(
        {
            "id": event.id,
            "type": event.type,
            "sequence": event.sequence,
            "created_at": event.created_at,
            "data": event.data,
        }
    )
