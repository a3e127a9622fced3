"""Use cases of the inbox, each inside the caller's transaction."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.accounts import repository as account_rows
from app.clock import utc_now
from app.connections import repository as connection_rows
from app.connections.errors import ConnectionNotFound
from app.database import set_owner
from app.ids import first_id_at
from app.jobs import Kind
from app.sync import service as sync
from app.sync.errors import SyncRunNotFound
from app.webhooks import handlers, repository
from app.webhooks.events import read_delivery
from app.webhooks.models import EventStatus, WebhookEvent

KEEP_ORPHANS: Final = timedelta(days=7)


async def affect_item(session: AsyncSession, event: WebhookEvent) -> timedelta | None:
    """Let all that Pluggy has told of the event's item have its effect, once; a delay when it must wait.

    An item that nobody holds makes orphans of its events, a connection that is being deleted ignores them (R4).
    """
    events = await repository.take_pending(session, event)
    if not events or event.item_id is None:
        return None
    ids = [each.id for each in events]
    holder = await connection_rows.find_item_owner(session, event.item_id)
    if holder is None:
        await repository.mark(session, ids, EventStatus.ORPHAN)
        return None
    await set_owner(session, holder.owner_id)
    deliveries = [read_delivery(each.body) for each in events if each.event in handlers.EFFECTS]
    try:
        pause = await handlers.apply(session, holder.owner_id, holder.connection_id, deliveries)
    except ConnectionNotFound:
        await repository.mark(session, ids, EventStatus.IGNORED, note="connection deleted")
        return None
    if pause is None:
        await repository.mark(session, ids, EventStatus.HANDLED)
    return pause


async def adopt_orphans(session: AsyncSession, item_id: UUID) -> None:
    """Owe the effect of events that came before their item had an owner (R4)."""
    for event_id in await repository.wake_orphans(session, item_id):
        await owed.add(session, Kind.WEBHOOK, None, event_id)


async def give_up_orphans(session: AsyncSession) -> None:
    """Ignore what has had no connection for 7 days (R4)."""
    note = f"no connection within {KEEP_ORPHANS.days} days"
    await repository.ignore_orphans(session, before=first_id_at(utc_now() - KEEP_ORPHANS), note=note)


async def reread_subject(session: AsyncSession, kind: str, owner_id: UUID | None, ref_id: UUID) -> None:
    """Have the connection that given-up work was about read whole, so that what was missed is found (R9).

    Nothing happens for work that is about none.
    """
    if kind == Kind.WEBHOOK:
        event = await repository.find_event(session, ref_id)
        holder = await connection_rows.find_item_owner(session, event.item_id) if event and event.item_id else None
        if holder is not None:
            await _reread(session, holder.owner_id, holder.connection_id)
    elif kind == Kind.SYNC and owner_id is not None:
        await set_owner(session, owner_id)
        with suppress(SyncRunNotFound):
            await _reread(session, owner_id, (await sync.get(session, owner_id, ref_id)).connection_id)


async def _reread(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    await set_owner(session, owner_id)
    await account_rows.doubt(session, owner_id, connection_id)
    await owed.add_once(session, Kind.RECONCILE, owner_id, connection_id)


async def replay(session: AsyncSession, event_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Owe the effect of these events once more, and return the ids of those there are."""
    found = await repository.wake(session, event_ids)
    for event_id in found:
        await owed.add(session, Kind.WEBHOOK, None, event_id)
    return found
