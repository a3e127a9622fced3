"""Use cases of webhook endpoints, each inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.audit.service import record_act
from app.changes import next_change
from app.database import database_now
from app.events import service as events
from app.http_errors import InvalidRequest
from app.ids import new_id
from app.jobs import Kind
from app.metrics.counting import count_on_commit
from app.metrics.instruments import ENDPOINTS_DISABLED
from app.vault import Vault, row_place
from app.webhook_endpoints import repository
from app.webhook_endpoints.errors import (
    TooManyWebhookEndpoints,
    WebhookDeliveryNotFound,
    WebhookEndpointDisabled,
    WebhookEndpointNotFound,
)
from app.webhook_endpoints.fan_out import owe
from app.webhook_endpoints.guard import check_url
from app.webhook_endpoints.models import DisabledReason, WebhookEndpoint
from app.webhook_endpoints.repository import Listed
from app.webhook_endpoints.signing import make_secret

MAX_ENDPOINTS: Final = 20
SECRET: Final = "webhook_endpoints.secret"  # noqa: S105 # the place of secrets, not one
OVERLAP: Final = timedelta(hours=24)
"""How long both secrets sign after a rotation (R44)."""

REPLAY_REACH: Final = timedelta(days=30)
REPLAY_AT_ONCE: Final = 1000


class Replay(NamedTuple):
    """What a replay owes. `up_to` is the instant of its newest event; with `has_more`, ask again since then."""

    owed: int
    up_to: datetime | None
    has_more: bool


async def create(
    session: AsyncSession,
    vault: Vault,
    owner_id: UUID,
    *,
    url: str,
    description: str | None,
    event_types: Sequence[str],
    allow_loopback: bool,
    actor: str,
) -> tuple[WebhookEndpoint, str]:
    """Return a new endpoint and its secret, which nobody can read again.

    Raises TooManyWebhookEndpoints, InvalidRequest for a URL that nothing is sent to.
    """
    _check(url, allow_loopback=allow_loopback)
    number = await next_change(session, owner_id)
    if await repository.count(session, owner_id) >= MAX_ENDPOINTS:
        raise TooManyWebhookEndpoints(MAX_ENDPOINTS)
    endpoint_id, secret = new_id(), make_secret()
    row = WebhookEndpoint(
        owner_id=owner_id,
        id=endpoint_id,
        url=url,
        description=description,
        event_types=sorted(set(event_types)),
        secret=vault.seal(secret.encode(), place=_place(owner_id, endpoint_id)),
        change_number=number,
    )
    endpoint = await repository.add(session, row)
    await record_act(session, "webhook_endpoint.created", actor=actor, owner_id=owner_id, subject_id=endpoint_id)
    return endpoint, secret


async def get(session: AsyncSession, owner_id: UUID, endpoint_id: UUID, *, is_locked: bool = False) -> WebhookEndpoint:
    """Return the owner's endpoint. Raises WebhookEndpointNotFound."""
    endpoint = await repository.find(session, owner_id, endpoint_id, is_locked=is_locked)
    if endpoint is None:
        raise WebhookEndpointNotFound(endpoint_id)
    return endpoint


async def list_page(
    session: AsyncSession, owner_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[WebhookEndpoint]:
    """Return the owner's endpoints, newest first, made before the given one."""
    return await repository.list_page(session, owner_id, before=before, limit=limit)


async def update(
    session: AsyncSession, endpoint: WebhookEndpoint, changes: Mapping[str, Any], *, allow_loopback: bool
) -> WebhookEndpoint:
    """Change a locked endpoint: `url`, `description`, `event_types`, `is_enabled`; return it as stored.

    Enabled anew, it starts with a clean record; what it missed comes by `replay`. Raises InvalidRequest for the URL.
    """
    if "url" in changes:
        _check(changes["url"], allow_loopback=allow_loopback)
        endpoint.url = changes["url"]
    if "description" in changes:
        endpoint.description = changes["description"]
    if "event_types" in changes:
        endpoint.event_types = sorted(set(changes["event_types"]))
    await _stamp(session, endpoint)
    if changes.get("is_enabled") is False:
        await disable(session, endpoint, DisabledReason.OWNER)
    elif changes.get("is_enabled") is True:
        endpoint.disabled_at = endpoint.disabled_reason = endpoint.failing_since = None
    await session.flush()
    await session.refresh(endpoint)
    return endpoint


async def disable(session: AsyncSession, endpoint: WebhookEndpoint, reason: DisabledReason) -> None:
    """Send nothing more to a locked endpoint, and tell its owner; nothing happens when it is disabled already."""
    if endpoint.disabled_at is not None:
        return
    endpoint.disabled_at = await database_now(session)
    endpoint.disabled_reason = reason
    await _stamp(session, endpoint)
    await session.flush()
    await repository.cancel_pending(session, endpoint)
    count_on_commit(session, ENDPOINTS_DISABLED.labels(reason))
    told = {"webhook_endpoint_id": endpoint.id, "reason": str(reason)}
    await events.record_event(session, endpoint.owner_id, "webhook_endpoint.disabled", told)


async def rotate_secret(
    session: AsyncSession, vault: Vault, endpoint: WebhookEndpoint, *, actor: str
) -> tuple[WebhookEndpoint, str]:
    """Return the locked endpoint and its new secret; the old one signs too for `OVERLAP`.

    Rotated again within that time, the oldest secret ends at once.
    """
    secret = make_secret()
    endpoint.previous_secret = endpoint.secret
    endpoint.previous_until = await database_now(session) + OVERLAP
    endpoint.secret = vault.seal(secret.encode(), place=_place(endpoint.owner_id, endpoint.id))
    await _stamp(session, endpoint)
    await session.flush()
    await session.refresh(endpoint)
    await record_act(
        session, "webhook_endpoint.rotated", actor=actor, owner_id=endpoint.owner_id, subject_id=endpoint.id
    )
    return endpoint, secret


async def delete(session: AsyncSession, owner_id: UUID, endpoint_id: UUID, *, actor: str) -> None:
    """Forget the endpoint with its deliveries. Raises WebhookEndpointNotFound."""
    endpoint = await get(session, owner_id, endpoint_id, is_locked=True)
    for delivery_id in await repository.remove(session, endpoint):
        await owed.drop(session, Kind.DELIVERY, delivery_id)
    await record_act(session, "webhook_endpoint.deleted", actor=actor, owner_id=owner_id, subject_id=endpoint_id)


def open_secrets(vault: Vault, endpoint: WebhookEndpoint, *, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first."""
    sealed = [endpoint.secret]
    if endpoint.previous_secret is not None and endpoint.previous_until is not None and now < endpoint.previous_until:
        sealed.append(endpoint.previous_secret)
    place = _place(endpoint.owner_id, endpoint.id)
    return [vault.open(each, place=place).decode() for each in sealed]


async def list_deliveries(
    session: AsyncSession,
    owner_id: UUID,
    endpoint_id: UUID,
    *,
    status: str | None,
    before: UUID | None,
    limit: int,
) -> list[Listed]:
    """Return what was and is to be sent to the endpoint, newest first. Raises WebhookEndpointNotFound."""
    await get(session, owner_id, endpoint_id)
    return await repository.list_deliveries(session, owner_id, endpoint_id, status=status, before=before, limit=limit)


async def get_delivery(session: AsyncSession, owner_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> Listed:
    """Return one of them. Raises WebhookEndpointNotFound, WebhookDeliveryNotFound."""
    await get(session, owner_id, endpoint_id)
    found = await repository.list_deliveries(session, owner_id, endpoint_id, only=delivery_id, limit=1)
    if not found:
        raise WebhookDeliveryNotFound(delivery_id)
    return found[0]


async def redeliver(session: AsyncSession, owner_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> Listed:
    """Send an event once more now, whatever became of it; return its delivery.

    Raises WebhookEndpointNotFound, WebhookDeliveryNotFound, WebhookEndpointDisabled.
    """
    await _enabled(session, owner_id, endpoint_id)
    found = await get_delivery(session, owner_id, endpoint_id, delivery_id)
    await owe(session, owner_id, [(endpoint_id, found.delivery.event_id)])
    await session.refresh(found.delivery)
    return found


async def replay(
    session: AsyncSession, owner_id: UUID, endpoint_id: UUID, *, since: datetime, is_whole: bool
) -> Replay:
    """Send what happened since, oldest first: what did not arrive, with `is_whole` everything.

    Raises WebhookEndpointNotFound, WebhookEndpointDisabled.
    """
    endpoint = await _enabled(session, owner_id, endpoint_id)
    reach = max(since, await database_now(session) - REPLAY_REACH)
    found = await repository.list_replayable(
        session, endpoint, since=reach, is_whole=is_whole, limit=REPLAY_AT_ONCE + 1
    )
    sent = found[:REPLAY_AT_ONCE]
    await owe(session, owner_id, [(endpoint_id, row.id) for row in sent])
    return Replay(len(sent), sent[-1].created_at if sent else None, has_more=len(found) > len(sent))


async def _enabled(session: AsyncSession, owner_id: UUID, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = await get(session, owner_id, endpoint_id, is_locked=True)
    if endpoint.disabled_at is not None:
        raise WebhookEndpointDisabled(endpoint_id)
    return endpoint


async def _stamp(session: AsyncSession, endpoint: WebhookEndpoint) -> None:
    endpoint.change_number = await next_change(session, endpoint.owner_id)
    endpoint.updated_at = func.now()


def _check(url: str, *, allow_loopback: bool) -> None:
    try:
        check_url(url, allow_loopback=allow_loopback)
    except ValueError as reason:
        fault = {"pointer": "/body/url", "detail": f"This {reason}."}
        raise InvalidRequest("The request does not validate.", errors=[fault]) from None


def _place(owner_id: UUID, endpoint_id: UUID) -> bytes:
    return row_place(SECRET, owner_id, endpoint_id)
