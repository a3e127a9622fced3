"""From the door to the inbox, and from the inbox to an effect."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.connections import repository as connection_rows
from app.connectors import catalogue
from app.database import in_transaction, transaction
from app.http import Address
from app.metrics.instruments import INGESTED
from app.resources import Resources
from app.settings import PluggySettings
from app.webhooks import repository, service
from app.webhooks.errors import MalformedWebhook, WebhookNotProven
from app.webhooks.events import read_delivery
from app.webhooks.handlers import CONNECTOR_STATUS, EFFECTS, why_without_effect
from app.webhooks.inbox import Inbox
from app.webhooks.models import EventStatus, WebhookEvent
from app.webhooks.proof import is_proven

log = structlog.get_logger()


async def receive(
    inbox: Inbox,
    settings: PluggySettings,
    headers: Sequence[tuple[str, str]],
    raw: bytes,
    *,
    address: Address | None,
) -> None:
    """Store a delivery durably. Raises WebhookNotProven, MalformedWebhook, ServiceUnavailable.

    `address` is the client's as trusted proxies tell it.
    """

    def reject(reason: str) -> NoReturn:
        inbox.rejections.note(reason, None if address is None else str(address))
        raise WebhookNotProven

    allowed = settings.webhook_allowed_ips
    if allowed and (address is None or not any(address in network for network in allowed)):
        reject("foreign_address")
    if not is_proven(settings, headers, raw, now=utc_now()):
        reject("bad_proof")
    try:
        delivery = read_delivery(raw)
    except MalformedWebhook:
        INGESTED.labels("malformed").inc()
        raise
    if delivery.client_id not in {None, settings.client_id}:
        reject("foreign_client")
    await inbox.receive(delivery, raw)


async def process_event(resources: Resources, event_id: UUID) -> timedelta | None:
    """Give a pending event its effect and mark it, together with all others of its item; a delay when it must wait.

    One that is marked already is left alone. Raises PluggyError when the connectors can't be read.
    """
    async with transaction(resources.sessions, None) as session:
        event = await repository.find_event(session, event_id)
    if event is None or event.status != EventStatus.PENDING:
        return None
    if event.event in EFFECTS and event.item_id is not None:
        pause = await _affect_item(resources, event)
        if pause is not None:
            return pause
    elif event.event == CONNECTOR_STATUS:
        await catalogue.renew_since(resources, event.received_at)
        await _mark(resources, event, EventStatus.HANDLED)
    else:
        await _mark(resources, event, EventStatus.IGNORED, note=why_without_effect(event.event))
    log.info("webhook_handled", webhook_event=event.event, event_id=str(event_id))
    return None


async def _affect_item(resources: Resources, event: WebhookEvent) -> timedelta | None:
    pause = await in_transaction(resources.sessions, None, lambda session: service.affect_item(session, event))
    item_id = event.item_id
    assert item_id is not None  # noqa: S101 # the caller has looked

    async def adopt(session: AsyncSession) -> None:
        """Take up what became an orphan while its connection was being made."""
        if await connection_rows.find_item_owner(session, item_id) is not None:
            await service.adopt_orphans(session, item_id)

    await in_transaction(resources.sessions, None, adopt)
    return pause


async def _mark(resources: Resources, event: WebhookEvent, status: EventStatus, *, note: str | None = None) -> None:
    async with transaction(resources.sessions, None) as session:
        await repository.mark(session, [event.id], status, note=note)
