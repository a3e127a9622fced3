"""From the inbox to an effect."""

from collections.abc import Sequence
from typing import NoReturn
from uuid import UUID

import structlog

from app.connections import repository as connection_rows
from app.connections.errors import ConnectionNotFound
from app.database import in_transaction, set_owner, transaction
from app.resources import Resources
from app.webhooks import repository, service
from app.webhooks.errors import WebhookNotProven
from app.webhooks.events import read_delivery
from app.webhooks.handlers import HANDLERS
from app.webhooks.models import EventStatus
from app.webhooks.proof import is_proven

log = structlog.get_logger()


async def receive(resources: Resources, headers: Sequence[tuple[str, str]], raw: bytes, *, address: str | None) -> None:
    """Store a delivery durably, or raise WebhookNotProven (kept without its body) or MalformedWebhook."""
    settings = resources.settings.pluggy
    if not is_proven(settings, headers, raw):
        await _reject(resources, "bad_proof", address)
    delivery = read_delivery(raw)
    if delivery.client_id is not None and delivery.client_id != settings.client_id:
        await _reject(resources, "foreign_client", address)
    await in_transaction(resources.sessions, None, lambda session: service.receive(session, delivery, raw))


async def _reject(resources: Resources, reason: str, address: str | None) -> NoReturn:
    log.warning("webhook_rejected", reason=reason)
    await in_transaction(
        resources.sessions, None, lambda session: repository.add_rejection(session, reason=reason, address=address)
    )
    raise WebhookNotProven


async def process_event(resources: Resources, event_id: UUID) -> None:
    """Give a pending event its effect and mark it, in one transaction; one that is marked already is left alone."""
    async with transaction(resources.sessions, None) as session:
        event = await repository.find_event(session, event_id)
        if event is None or event.status != EventStatus.PENDING:
            return
        handler = HANDLERS.get(event.event)
        if handler is None or event.item_id is None:
            await repository.mark(session, event_id, EventStatus.IGNORED, note="no effect defined")
            return
        holder = await connection_rows.find_item_owner(session, event.item_id)
        if holder is None:
            await repository.mark(session, event_id, EventStatus.ORPHAN)
            return
        await set_owner(session, holder.owner_id)
        try:
            await handler(session, holder.owner_id, holder.connection_id, read_delivery(event.body))
        except ConnectionNotFound:
            await repository.mark(session, event_id, EventStatus.IGNORED, note="connection deleted")
        else:
            await repository.mark(session, event_id, EventStatus.HANDLED)
    log.info("webhook_handled", webhook_event=event.event, event_id=str(event_id))
