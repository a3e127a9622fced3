"""What clients see of events."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas import ApiModel


class EventRead(ApiModel):
    """One event, in the form that lists, the stream and webhooks share.

    `type` is open: ignore types that you do not know. `sequence` grows in the order in which changes became visible,
    and may skip numbers. `data` holds ids: read the resource for the rest.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019414c0-5d2c-7b8a-9d3e-2f1a6c4b8e07",
                    "type": "sync.completed",
                    "sequence": 4127,
                    "created_at": "2026-03-04T15:00:00Z",
                    "data": {"connection_id": "019414b9-0c1a-7e55-8d6f-77b1e0a2c3d4"},
                }
            ]
        }
    )

    id: UUID
    type: str
    sequence: int
    created_at: datetime
    data: dict[str, Any]


class StreamTicketRead(ApiModel):
    """Opens one stream without a token."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ticket": "AmsxH8…",
                    "expires_at": "2026-03-04T15:01:00Z",
                    "path": "/api/banking/events/stream/browser/?ticket=AmsxH8…",
                }
            ]
        }
    )

    ticket: str
    expires_at: datetime
    path: Annotated[str, Field(description="What to open with `new EventSource(…)`, on this service's origin.")]
