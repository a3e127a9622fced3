"""Sending: short transactions with the request between them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from app.clock import utc_now
from app.database import in_transaction, transaction
from app.events.envelope import encode_event
from app.ids import new_id
from app.metrics.instruments import DELIVERY_SECONDS
from app.resources import Resources
from app.settings import Settings
from app.webhook_endpoints import attempts, service
from app.webhook_endpoints.attempts import Message
from app.webhook_endpoints.sender import Answer, Resolve, resolve, send
from app.webhook_endpoints.signing import signed_headers

log = structlog.get_logger()

TEST_TYPE = "webhook_endpoint.test"


@dataclass(frozen=True)
class _TestEvent:
    """An event that never happened: it has no place in the owner's order."""

    id: UUID
    created_at: datetime
    data: dict[str, Any]
    type: str = TEST_TYPE
    sequence: int = 0


async def deliver(
    resources: Resources, owner_id: UUID, delivery_id: UUID, *, resolve: Resolve = resolve
) -> timedelta | None:
    """Make the next attempt at a delivery if it is due; return when to come again, None when it is over.

    Safe to repeat: a receiver may see an event twice, always under the same id (R43).
    """
    begun = await in_transaction(
        resources.sessions, owner_id, lambda session: attempts.begin(session, resources.vault, owner_id, delivery_id)
    )
    if not isinstance(begun, Message):
        return begun
    answer = await _send(resources, begun, resolve=resolve)
    DELIVERY_SECONDS.labels(answer.error or "succeeded").observe(answer.milliseconds / 1000)
    log.info(
        "webhook_sent",
        delivery_id=str(delivery_id),
        status=answer.status,
        error=answer.error,
        milliseconds=answer.milliseconds,
    )
    return await in_transaction(
        resources.sessions, owner_id, lambda session: attempts.record(session, owner_id, delivery_id, answer)
    )


async def ping(resources: Resources, owner_id: UUID, endpoint_id: UUID) -> tuple[datetime, Answer]:
    """Send a signed event that means nothing, and return when and what became of it.

    A disabled endpoint can be tried too. Raises WebhookEndpointNotFound.
    """
    now = utc_now()
    async with transaction(resources.sessions, owner_id) as session:
        endpoint = await service.get(session, owner_id, endpoint_id)
        secrets = tuple(service.open_secrets(resources.vault, endpoint, now=now))
    event = _TestEvent(new_id(), now, {"webhook_endpoint_id": str(endpoint_id)})
    return now, await _send(resources, Message(endpoint.url, str(event.id), encode_event(event), secrets))


def allows_loopback(settings: Settings) -> bool:
    """Tell whether deliveries may go to this machine: in development, where that is wanted."""
    return settings.service.webhook_allow_loopback and not settings.is_production


async def _send(resources: Resources, message: Message, *, resolve: Resolve = resolve) -> Answer:
    headers = signed_headers(message.secrets, message.message_id, message.body, now=utc_now())
    return await send(
        message.url,
        headers,
        message.body,
        allow_loopback=allows_loopback(resources.settings),
        resolve=resolve,
    )
