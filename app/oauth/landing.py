"""Where a browser that comes from the bank goes next. It bears no token: it learns nothing and decides nothing."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository as connection_rows
from app.connections import service as connections
from app.connections.errors import ConnectionNotFound
from app.database import database_now, in_transaction, set_owner
from app.oauth import service
from app.oauth.adoption import adopt
from app.oauth.models import OAuthFlow
from app.pluggy.errors import PluggyError
from app.resources import Resources

log = structlog.get_logger()


@dataclass(frozen=True)
class Arrival:
    """What a browser brought, as far as it can be read; `code` is none of ours, Pluggy has taken it."""

    state: str | None
    item_id: UUID | None


@dataclass(frozen=True)
class Landing:
    """Where the browser goes: the app's own address, else our page, which says whether the link means anything."""

    return_url: str | None = None
    is_known: bool = True


@dataclass(frozen=True)
class _Place:
    """The connection that an arrival is about. `is_proven` when a fresh state led to it."""

    owner_id: UUID
    connection_id: UUID
    flow: OAuthFlow | None
    is_proven: bool


async def land(resources: Resources, arrival: Arrival) -> Landing:
    """Take up the person's return: use the state, look at the item at once, and say where the browser goes.

    Whoever knows an item's id can have it looked at, no more; a state that is used or expired does nothing. A fault of
    ours shows the page too: the watch over the item goes on by itself.
    """
    if arrival.state is None and arrival.item_id is None:
        return Landing(is_known=False)
    try:
        return await _land(resources, arrival)
    except (SQLAlchemyError, OSError, PluggyError) as error:
        log.warning("landing_not_taken_up", error=type(error).__name__)
        return Landing()


async def _land(resources: Resources, arrival: Arrival) -> Landing:
    async def take_up(session: AsyncSession) -> tuple[_Place | None, Landing, bool]:
        place = await _find_place(session, arrival)
        if place is None:
            return None, Landing(is_known=arrival.item_id is not None), False  # an unknown item looks like any other
        await set_owner(session, place.owner_id)
        lacks_item = await _look_soon(session, resources, place, arrival)
        return place, Landing(await _return_url(session, place.flow)), lacks_item

    place, landing, lacks_item = await in_transaction(resources.sessions, None, take_up)
    if place is not None and place.is_proven and lacks_item and arrival.item_id is not None:
        await adopt(resources, place.owner_id, arrival.item_id, connection_id=place.connection_id)
    return landing


async def _find_place(session: AsyncSession, arrival: Arrival) -> _Place | None:
    """Return what a fresh state leads to, else what the item's id does, else what the stale state did."""
    flow = await service.find_flow(session, arrival.state) if arrival.state else None
    if flow is not None and await service.use_state(session, flow):
        return _Place(flow.owner_id, flow.connection_id, flow, is_proven=True)
    holder = await connection_rows.find_item_owner(session, arrival.item_id) if arrival.item_id else None
    if holder is not None:
        newest = await service.find_newest_flow(session, holder.owner_id, holder.connection_id)
        return _Place(holder.owner_id, holder.connection_id, newest, is_proven=False)
    return _Place(flow.owner_id, flow.connection_id, flow, is_proven=False) if flow is not None else None


async def _look_soon(session: AsyncSession, resources: Resources, place: _Place, arrival: Arrival) -> bool:
    """Have the item looked at; True when the connection lacks it."""
    try:
        connection = await connections.get(session, place.owner_id, place.connection_id)
        if place.is_proven or arrival.item_id is not None:
            await service.resume(session, place.owner_id, place.connection_id, resources.settings.sync)
    except ConnectionNotFound:
        return False
    return connection.item_id is None


async def _return_url(session: AsyncSession, flow: OAuthFlow | None) -> str | None:
    """Return the app's address while the authorisation is young; later the browser may be anybody's."""
    if flow is None or flow.expires_at <= await database_now(session):
        return None
    return flow.return_url
