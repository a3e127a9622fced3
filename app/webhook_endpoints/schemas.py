"""What clients send and see of webhook endpoints."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints

from app.clock import utc_now
from app.events.types import EventType
from app.schemas import ApiModel, Input

_SHOWN: dict[str, Any] = {
    "id": "019414c0-5d2c-7b8a-9d3e-2f1a6c4b8e07",
    "url": "https://erp.example.com/hooks/banking",
    "description": "ERP",
    "event_types": ["transactions.changed", "connection.action_required"],
    "is_enabled": True,
    "disabled_at": None,
    "disabled_reason": None,
    "failing_since": None,
    "last_success_at": "2026-03-04T15:00:00Z",
    "previous_until": None,
    "created_at": "2026-03-01T12:00:00Z",
    "updated_at": "2026-03-01T12:00:00Z",
}
_ATTEMPT: dict[str, Any] = {
    "at": "2026-03-04T15:00:00Z",
    "status": 503,
    "error": "refused",
    "milliseconds": 87,
    "answer": "Service Unavailable",
}
_DELIVERY: dict[str, Any] = {
    "id": "019414c1-91aa-7d30-8a52-6bb0c6a1f2d4",
    "event_id": "019414c1-91a3-7e0f-b0a7-0d4a8e5f9c11",
    "event_type": "transactions.changed",
    "sequence": 4127,
    "status": "pending",
    "attempts": 1,
    "next_attempt_at": "2026-03-04T15:00:05Z",
    "created_at": "2026-03-04T15:00:00Z",
    "finished_at": None,
    "last_attempt": _ATTEMPT,
}
_REACH_DAYS = 30


def _within_reach(since: datetime) -> datetime:
    if since < utc_now() - timedelta(days=_REACH_DAYS):
        raise ValueError(f"This lies more than {_REACH_DAYS} days back.")
    return since


Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2048,
        description="HTTPS at port 443 of a public host name. Redirects are not followed.",
    ),
]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
EventTypes = Annotated[
    list[EventType], Field(max_length=100, description="Only these; an empty list is all, those yet to come too.")
]
DeliveryState = Literal["pending", "succeeded", "failed", "cancelled"]


class WebhookEndpointRequest(Input):
    """An endpoint to make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://erp.example.com/hooks/banking",
                    "description": "ERP",
                    "event_types": ["transactions.changed", "connection.action_required"],
                }
            ]
        }
    )

    url: Url
    description: Description | None = None
    event_types: EventTypes = []  # pydantic copies it


class WebhookEndpointUpdate(Input):
    """What to change; a field that is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_enabled": True}]})

    url: Url = ""
    description: Description | None = None
    event_types: EventTypes = []  # pydantic copies it
    is_enabled: bool = True


class WebhookEndpointRead(ApiModel):
    """One endpoint, without its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    id: UUID
    url: str
    description: str | None
    event_types: list[str]
    is_enabled: bool
    disabled_at: datetime | None
    disabled_reason: Annotated[
        str | None, Field(description="`owner`, `failing` (5 days without a success) or `gone` (it answered 410).")
    ]
    failing_since: Annotated[datetime | None, Field(description="The first failure after the last success.")]
    last_success_at: datetime | None
    previous_until: Annotated[
        datetime | None, Field(description="Until when the secret before the last rotation signs too.")
    ]
    created_at: datetime
    updated_at: datetime


class WebhookEndpointWithSecret(WebhookEndpointRead):
    """An endpoint with its secret, which is shown this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_SHOWN, "secret": "whsec_…44 characters…"}]})

    secret: Annotated[str, Field(description="Verifies the signatures. Nobody can read it again.")]


class AttemptRead(ApiModel):
    """One attempt. `error` is null for a success, else a word such as `refused`, `timeout` or `address_forbidden`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ATTEMPT]})

    at: datetime
    status: Annotated[int | None, Field(description="The HTTP status; null without an answer.")]
    error: str | None
    milliseconds: Annotated[int, Field(description="Until the answer's headers.")]
    answer: Annotated[str | None, Field(description="How the answer's body begins.")]


class WebhookDeliveryRead(ApiModel):
    """One event on its way to the endpoint, with the newest attempt."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DELIVERY]})

    id: UUID
    event_id: UUID
    event_type: str
    sequence: int
    status: Annotated[str, Field(description="`pending`, `succeeded`, `failed` or `cancelled`.")]
    attempts: Annotated[int, Field(description="Since it was last asked for.")]
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    last_attempt: AttemptRead | None


class WebhookDeliveryDetailRead(WebhookDeliveryRead):
    """One delivery with its newest 20 attempts, oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_DELIVERY, "history": [_ATTEMPT]}]})

    history: list[AttemptRead]


class RedeliveryRequest(Input):
    """Which delivery to make once more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"delivery_id": _DELIVERY["id"]}]})

    delivery_id: UUID


class ReplayRequest(Input):
    """From when on to send again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"since": "2026-03-04T00:00:00Z", "include_delivered": False}]}
    )

    since: Annotated[
        AwareDatetime, AfterValidator(_within_reach), Field(description=f"At most {_REACH_DAYS} days back.")
    ]
    include_delivered: Annotated[bool, Field(description="What has arrived already too.")] = False


class ReplayRead(ApiModel):
    """What will be sent. With `has_more`, ask again with `up_to` as `since`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"events": 42, "up_to": "2026-03-04T14:58:11Z", "has_more": False}]}
    )

    events: int
    up_to: datetime | None
    has_more: bool
