"""The two transactions around an attempt: what is sent, and what follows from the answer."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.database import database_now
from app.events.envelope import encode_event
from app.jobs import Kind
from app.vault import Vault
from app.webhook_endpoints import repository, service
from app.webhook_endpoints.models import DeliveryStatus, DisabledReason, WebhookDelivery, WebhookEndpoint
from app.webhook_endpoints.schedule import PATIENCE, delay_after
from app.webhook_endpoints.sender import ATTEMPT_SECONDS, Answer

IN_FLIGHT: Final = 4
"""Attempts at one endpoint at once (R47)."""

IN_FLIGHT_FAILING: Final = 1
"""Attempts at once while an endpoint fails: many that hang must not use up the worker's places."""

_LONGEST_ATTEMPT: Final = timedelta(seconds=2 * ATTEMPT_SECONDS)
_PARKED: Final = timedelta(seconds=5)
_PARKED_PER_WAITING: Final = timedelta(milliseconds=50)
_KEPT_ATTEMPTS: Final = 20
_GONE: Final = 410


@dataclass(frozen=True)
class Message:
    """What is sent."""

    url: str
    message_id: str
    body: bytes
    secrets: tuple[str, ...]


async def begin(session: AsyncSession, vault: Vault, owner_id: UUID, delivery_id: UUID) -> Message | timedelta | None:
    """Take one of the endpoint's places and return what to send; a delay while none is free; None when all is done."""
    delivery = await repository.find_delivery(session, owner_id, delivery_id)
    if delivery is None:
        return None
    endpoint = await repository.find(session, owner_id, delivery.endpoint_id, is_locked=True)
    delivery = await repository.find_delivery(session, owner_id, delivery_id)  # as it stands under the lock
    if endpoint is None or delivery is None or delivery.status != DeliveryStatus.PENDING:
        return None
    now = await database_now(session)
    if delivery.next_attempt_at is not None and delivery.next_attempt_at > now:
        return delivery.next_attempt_at - now
    places = IN_FLIGHT if endpoint.failing_since is None else IN_FLIGHT_FAILING
    if await repository.count_sending(session, delivery) >= places:
        return await _park(session, delivery)
    delivery.sending_until = now + _LONGEST_ATTEMPT
    await session.flush()
    event = await repository.find_event(session, owner_id, delivery.event_id)
    secrets = tuple(service.open_secrets(vault, endpoint, now=now))
    return Message(endpoint.url, str(event.id), encode_event(event), secrets)


async def record(session: AsyncSession, owner_id: UUID, delivery_id: UUID, answer: Answer) -> timedelta | None:
    """Keep what became of an attempt and give its place to the next; return the wait until the next attempt.

    None when no further one is due: it arrived, it was the last, or the endpoint is gone or disabled.
    """
    delivery = await repository.find_delivery(session, owner_id, delivery_id)
    if delivery is None:
        return None
    endpoint = await repository.find(session, owner_id, delivery.endpoint_id, is_locked=True)
    delivery = await repository.find_delivery(session, owner_id, delivery_id)
    if endpoint is None or delivery is None:
        return None
    now = await database_now(session)
    delivery.sending_until = None
    delivery.history = [*delivery.history, _told(answer, now)][-_KEPT_ATTEMPTS:]
    delay = None
    if delivery.status == DeliveryStatus.PENDING:
        delay = _judge(delivery, answer, now=now)
    await _keep_record(session, endpoint, answer, now=now)
    await session.flush()
    following = await repository.find_next(session, delivery)
    if following is not None:
        await owed.hasten(session, Kind.DELIVERY, owner_id, following)
    return delay if endpoint.disabled_at is None else None


def _judge(delivery: WebhookDelivery, answer: Answer, *, now: datetime) -> timedelta | None:
    delivery.attempts += 1
    delay = None
    if not answer.is_success and answer.status != _GONE:
        delay = delay_after(delivery.attempts, retry_after=answer.retry_after)
    if delay is not None:
        delivery.next_attempt_at = now + delay
        return delay
    delivery.status = DeliveryStatus.SUCCEEDED if answer.is_success else DeliveryStatus.FAILED
    delivery.next_attempt_at, delivery.finished_at = None, now
    return None


async def _keep_record(session: AsyncSession, endpoint: WebhookEndpoint, answer: Answer, *, now: datetime) -> None:
    """Note how the endpoint does, and disable one that is gone or has failed for days (R45, R46)."""
    if answer.is_success:
        endpoint.last_success_at, endpoint.failing_since = now, None
        return
    endpoint.failing_since = endpoint.failing_since or now
    if answer.status == _GONE:
        await service.disable(session, endpoint, DisabledReason.GONE)
    elif endpoint.failing_since <= now - PATIENCE:
        await service.disable(session, endpoint, DisabledReason.FAILING)


async def _park(session: AsyncSession, delivery: WebhookDelivery) -> timedelta:
    """Return when to look again; whoever frees a place hastens the longest waiting, so this is only the last resort.

    It grows with the queue: a long one must not keep the worker busy with looking.
    """
    waiting = await repository.count_waiting(session, delivery)
    return max(_PARKED, _PARKED_PER_WAITING * waiting) * random.uniform(0.5, 1.5)  # noqa: S311 # no secret


def _told(answer: Answer, now: datetime) -> dict[str, Any]:
    return {
        "at": now.isoformat(),
        "status": answer.status,
        "error": answer.error,
        "milliseconds": answer.milliseconds,
        "answer": answer.text,
    }
