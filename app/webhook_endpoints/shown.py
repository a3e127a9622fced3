"""Rows as clients see them."""

from datetime import datetime

from app.webhook_endpoints.models import WebhookEndpoint
from app.webhook_endpoints.repository import Listed
from app.webhook_endpoints.schemas import (
    AttemptRead,
    WebhookDeliveryDetailRead,
    WebhookDeliveryRead,
    WebhookEndpointRead,
    WebhookEndpointWithSecret,
)
from app.webhook_endpoints.sender import Answer


def shown(endpoint: WebhookEndpoint) -> WebhookEndpointRead:
    """Return an endpoint without its secret."""
    return WebhookEndpointRead(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        event_types=endpoint.event_types,
        is_enabled=endpoint.disabled_at is None,
        disabled_at=endpoint.disabled_at,
        disabled_reason=endpoint.disabled_reason,
        failing_since=endpoint.failing_since,
        last_success_at=endpoint.last_success_at,
        previous_until=endpoint.previous_until,
        created_at=endpoint.created_at,
        updated_at=endpoint.updated_at,
    )


def with_secret(endpoint: WebhookEndpoint, secret: str) -> WebhookEndpointWithSecret:
    """Return an endpoint with the secret that is shown once."""
    return WebhookEndpointWithSecret(**shown(endpoint).model_dump(), secret=secret)


def shown_delivery(listed: Listed) -> WebhookDeliveryRead:
    """Return a delivery with its newest attempt."""
    delivery = listed.delivery
    return WebhookDeliveryRead(
        id=delivery.id,
        event_id=delivery.event_id,
        event_type=listed.event_type,
        sequence=listed.sequence,
        status=delivery.status,
        attempts=delivery.attempts,
        next_attempt_at=delivery.next_attempt_at,
        created_at=delivery.created_at,
        finished_at=delivery.finished_at,
        last_attempt=AttemptRead.model_validate(delivery.history[-1]) if delivery.history else None,
    )


def shown_in_detail(listed: Listed) -> WebhookDeliveryDetailRead:
    """Return a delivery with all attempts that are kept."""
    history = [AttemptRead.model_validate(each) for each in listed.delivery.history]
    return WebhookDeliveryDetailRead(**shown_delivery(listed).model_dump(), history=history)


def shown_answer(at: datetime, answer: Answer) -> AttemptRead:
    """Return an attempt that is kept nowhere."""
    return AttemptRead(
        at=at, status=answer.status, error=answer.error, milliseconds=answer.milliseconds, answer=answer.text
    )
