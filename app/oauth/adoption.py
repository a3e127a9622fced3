"""How a connection gets its item, also when Pluggy's answer to the order was lost or we were cut off before it."""

import re
from uuid import UUID

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository as connection_rows
from app.connections import service as connections
from app.connections.errors import ConnectionNotFound, ItemNotFound
from app.connections.mapping import item_columns
from app.database import in_transaction, transaction
from app.events.service import record_event
from app.oauth import service
from app.oauth.errors import AlreadyConnected
from app.oauth.redirects import state_in
from app.pluggy.errors import PluggyItemExists, PluggyNotFound
from app.pluggy.item_calls import NewItem
from app.pluggy.limits import Lane
from app.pluggy.models import Item
from app.resources import Resources
from app.webhooks import repository as inbox
from app.webhooks import service as webhooks
from app.webhooks.models import EventStatus

log = structlog.get_logger()


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class _Payload(msgspec.Struct, rename="camel"):
    client_user_id: str | None = None


async def order_item(resources: Resources, owner_id: UUID, order: NewItem) -> Item:
    """Have Pluggy make the item, once.

    An item with the same document at the same bank, whose order we lost track of, is taken instead of a second one;
    one of somebody else is none of ours, and no reason to refuse. Raises AlreadyConnected, PluggyError.
    """
    pluggy = resources.pluggy.for_lane(Lane.USER)
    try:
        return await pluggy.create_item(msgspec.structs.replace(order, avoid_duplicates=True))
    except PluggyItemExists as exists:
        known = [UUID(text) for text in exists.item_ids if _UUID.fullmatch(text)]
    for item_id in known:
        item = await _own_duplicate(resources, owner_id, item_id)
        if item is not None:
            return item
    return await pluggy.create_item(order)


async def _own_duplicate(resources: Resources, owner_id: UUID, item_id: UUID) -> Item | None:
    async with transaction(resources.sessions, owner_id) as session:
        holder = await connection_rows.find_item_owner(session, item_id)
        if holder is not None:
            is_ours = holder.owner_id == owner_id
            if is_ours and await connection_rows.find(session, owner_id, holder.connection_id) is not None:
                raise AlreadyConnected(holder.connection_id)
            return None
    return await _own_item(resources, owner_id, item_id)


async def attach(resources: Resources, owner_id: UUID, connection_id: UUID, item: Item) -> None:
    """Give the connection its item and take up the events that came before. Raises ItemNotFound, ConnectionNotFound."""

    async def work(session: AsyncSession) -> None:
        is_new = (await connections.hold(session, owner_id, connection_id)).item_id is None
        await connections.attach_item(session, owner_id, connection_id, item.id, item_columns(item))
        await webhooks.adopt_orphans(session, item.id)
        if is_new:
            await record_event(session, owner_id, "connection.created", {"connection_id": connection_id})

    await in_transaction(resources.sessions, owner_id, work)


async def adopt(resources: Resources, owner_id: UUID, item_id: UUID, *, connection_id: UUID | None = None) -> bool:
    """Bring an item to the connection that waits for it; False when it is not this owner's or none waits for it.

    The proof is the item's `clientUserId`, read from Pluggy (R56). Which connection it belongs to is told by the state
    in the item's redirect; without one, by there being a single candidate. `connection_id` allows no other.
    """
    item = await _own_item(resources, owner_id, item_id)
    if item is None or item.connector is None:
        return False
    async with transaction(resources.sessions, owner_id) as session:
        waiting = await connection_rows.find_awaiting_item(session, owner_id, item.connector.id)
        candidates = [each.id for each in waiting if connection_id in (None, each.id)]
        chosen = await _choose(session, item, candidates)
    if chosen is None:
        return False
    try:
        await attach(resources, owner_id, chosen, item)
    except (ItemNotFound, ConnectionNotFound):
        return False
    log.info("item_adopted", connection_id=str(chosen), item_id=str(item_id))
    return True


async def adopt_orphan(resources: Resources, event_id: UUID) -> None:
    """Look whether an event without a connection speaks of an item whose order was lost, and adopt that item (R4)."""
    async with transaction(resources.sessions, None) as session:
        event = await inbox.find_event(session, event_id)
    if event is None or event.status != EventStatus.ORPHAN or event.item_id is None:
        return
    owner_id = _named_owner(event.body)
    if owner_id is None:
        return
    async with transaction(resources.sessions, owner_id) as session:
        if not await connection_rows.awaits_item(session, owner_id):
            return
    await adopt(resources, owner_id, event.item_id)


async def _own_item(resources: Resources, owner_id: UUID, item_id: UUID) -> Item | None:
    try:
        item = await resources.pluggy.for_lane(Lane.USER).get_item(item_id)
    except PluggyNotFound:
        return None
    return item if item.client_user_id == str(owner_id) else None


async def _choose(session: AsyncSession, item: Item, candidates: list[UUID]) -> UUID | None:
    state = state_in(item.oauth_redirect_uri)
    if state is None:
        return candidates[0] if len(candidates) == 1 else None
    flow = await service.find_flow(session, state)
    return flow.connection_id if flow is not None and flow.connection_id in candidates else None


def _named_owner(body: bytes) -> UUID | None:
    """Return whom the event names: a hint that saves asking Pluggy for nothing, never a proof."""
    try:
        return UUID(msgspec.json.decode(body, type=_Payload).client_user_id or "")
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        return None
