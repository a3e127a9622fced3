"""Open Finance without the widget: from a person's wish to connect, to the bank's page and back."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import service as connections
from app.connections.errors import ConnectionNotFound
from app.connections.mapping import item_columns
from app.connections.models import BankConnection
from app.connections.refusals import refusal_of, unknown_products
from app.connectors.parameters import parameter_faults
from app.database import in_transaction, transaction
from app.http_errors import InvalidRequest
from app.oauth import service
from app.oauth.adoption import adopt, attach, order_item
from app.oauth.errors import AlreadyConnected, ConnectorNotOAuth, ItemNotMade
from app.oauth.mapping import awaiting_columns
from app.oauth.outcome import authorization_url, url_expires_at
from app.oauth.polling import look
from app.oauth.redirects import check_return_url, redirect_uri_for, with_state
from app.pluggy.errors import (
    PluggyAlreadyUpdating,
    PluggyError,
    PluggyNotFound,
    PluggyRateLimited,
    PluggyRefused,
    PluggyUnavailable,
)
from app.pluggy.item_calls import NewItem
from app.pluggy.limits import Lane
from app.pluggy.models import Connector, ItemStatus
from app.resources import Resources

log = structlog.get_logger()

URL_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 1.5
_BUSY = frozenset({ItemStatus.UPDATING, ItemStatus.MERGING})


@dataclass(frozen=True)
class Wish:
    """What a person wants to connect. `parameters` are credentials: passed through, never kept (R63)."""

    connector_id: int
    parameters: Mapping[str, str] = field(repr=False)
    products: Sequence[str] = ()
    redirect_uri: str | None = None
    return_url: str | None = None


@dataclass(frozen=True)
class Authorization:
    """A visit to the bank under way. The URL is null when it has not come yet, or when the bank asks for nothing."""

    connection: BankConnection
    authorization_url: str | None
    state: str = field(repr=False)
    expires_at: datetime


async def start(
    resources: Resources, owner_id: UUID, wish: Wish, *, patience_seconds: float = URL_PATIENCE_SECONDS
) -> Authorization:
    """Begin to connect a bank and wait a moment for the address of its page.

    The connection is committed before Pluggy is asked for the item. When the answer is lost the item may exist: it is
    not asked for again, its first event brings it to the connection. Raises RedirectNotAllowed, RedirectNeeded,
    ReturnNotAllowed, ConnectorNotOAuth, InvalidRequest, AlreadyConnected; and PluggyError when nothing was made.
    """
    redirect_uri = redirect_uri_for(resources.settings, wish.redirect_uri)
    check_return_url(resources.settings, wish.return_url)
    connector = await _oauth_connector(resources, wish.connector_id)
    if faults := parameter_faults(connector.credentials or (), wish.parameters):
        raise InvalidRequest("The request does not validate.", errors=faults)
    state = service.new_state()

    async def open_row(session: AsyncSession) -> tuple[UUID, datetime]:
        row = await connections.add_awaiting_item(session, owner_id, awaiting_columns(connector, wish.products))
        await service.watch(session, owner_id, row.id, resources.settings.sync)
        return row.id, await service.open_flow(session, owner_id, row.id, state, return_url=wish.return_url)

    connection_id, expires_at = await in_transaction(resources.sessions, owner_id, open_row)
    order = NewItem(
        connector_id=connector.id,
        parameters=wish.parameters,
        client_user_id=str(owner_id),
        oauth_redirect_uri=with_state(redirect_uri, state),
        products=tuple(wish.products) or None,
    )
    is_made = await _order(resources, owner_id, connection_id, order)
    patience = patience_seconds if is_made else 0.0
    return await _authorization(resources, owner_id, connection_id, state, expires_at, patience_seconds=patience)


async def reauthorize(resources: Resources, owner_id: UUID, connection: BankConnection) -> Authorization:
    """Ask the bank anew for the authorisation of an item, and wait a moment for the address of its page.

    PATCH /items takes no redirect: the browser comes back to the item's first one, with a state that is used up, and
    the item's id leads it on. Raises ItemNotMade, ConnectionNotFound, PluggyError.
    """
    if connection.item_id is None:
        raise ItemNotMade(connection.id)
    columns = None
    with suppress(PluggyAlreadyUpdating):  # the visit under way asks for the authorisation
        columns = item_columns(await resources.pluggy.for_lane(Lane.USER).update_item(connection.item_id))
    state = service.new_state()

    async def open_flow(session: AsyncSession) -> datetime:
        await connections.hold(session, owner_id, connection.id)
        if columns is not None:
            await connections.record_item(session, owner_id, connection.id, columns)
        await service.watch(session, owner_id, connection.id, resources.settings.sync)
        newest = await service.find_newest_flow(session, owner_id, connection.id)
        return_url = newest.return_url if newest is not None else None
        return await service.open_flow(session, owner_id, connection.id, state, return_url=return_url)

    expires_at = await in_transaction(resources.sessions, owner_id, open_flow)
    return await _authorization(resources, owner_id, connection.id, state, expires_at)


async def exchange(resources: Resources, owner_id: UUID, state: str, item_id: UUID | None) -> BankConnection:
    """Do for an app with an address of its own what our callback does, and return the connection as it is now.

    Raises StateNotFound, StateUsed, StateExpired, ConnectionNotFound.
    """

    async def take_up(session: AsyncSession) -> BankConnection:
        connection = await service.take_up(session, owner_id, state, item_id)
        await service.resume(session, owner_id, connection.id, resources.settings.sync)
        return connection

    connection = await in_transaction(resources.sessions, owner_id, take_up)
    with suppress(PluggyUnavailable):  # the watch goes on
        if connection.item_id is None and item_id is not None:
            await adopt(resources, owner_id, item_id, connection_id=connection.id)
        return await look(resources, owner_id, connection.id)
    return connection


async def _oauth_connector(resources: Resources, connector_id: int) -> Connector:
    try:
        connector = await resources.pluggy.for_lane(Lane.USER).get_connector(connector_id)
    except PluggyNotFound:
        raise ConnectorNotOAuth(connector_id) from None
    if not connector.oauth or (connector.is_sandbox and not resources.settings.pluggy.use_sandbox):
        raise ConnectorNotOAuth(connector_id)
    return connector


async def _order(resources: Resources, owner_id: UUID, connection_id: UUID, order: NewItem) -> bool:
    """Have the item made and attach it; False when it is not known whether it was made.

    Whatever says that nothing was made takes the connection away again.
    """
    try:
        item = await order_item(resources, owner_id, order)
    except (AlreadyConnected, PluggyRateLimited, PluggyRefused) as refusal:
        await in_transaction(
            resources.sessions, owner_id, lambda session: service.discard(session, owner_id, connection_id)
        )
        raise _told(refusal, order) or refusal from None
    except PluggyError as error:
        log.warning("item_order_unanswered", connection_id=str(connection_id), error=type(error).__name__)
        return False
    try:
        await attach(resources, owner_id, connection_id, item)
    except ConnectionNotFound:  # deleted meanwhile: the item must not outlive it
        with suppress(PluggyError):
            await resources.pluggy.delete_item(item.id)
        raise
    return True


def _told(refusal: Exception, order: NewItem) -> Exception | None:
    if not isinstance(refusal, PluggyRefused):
        return None
    return refusal_of(refusal) if refusal.code else unknown_products(refusal, order.products or ())


async def _authorization(
    resources: Resources,
    owner_id: UUID,
    connection_id: UUID,
    state: str,
    expires_at: datetime,
    *,
    patience_seconds: float = URL_PATIENCE_SECONDS,
) -> Authorization:
    connection = await _await_url(resources, owner_id, connection_id, patience_seconds)
    ends = [at for at in (expires_at, url_expires_at(connection)) if at is not None]
    return Authorization(connection, authorization_url(connection), state, min(ends))


async def _await_url(
    resources: Resources, owner_id: UUID, connection_id: UUID, patience_seconds: float
) -> BankConnection:
    """Return the connection once the bank says something, or when patience is over."""
    pause = min(_LOOK_SECONDS, resources.settings.sync.poll_interval_seconds)
    until = time.monotonic() + patience_seconds
    while True:
        try:
            connection = await look(resources, owner_id, connection_id)
        except PluggyUnavailable:
            async with transaction(resources.sessions, owner_id) as session:
                connection = await connections.get(session, owner_id, connection_id)
        if not _awaits_url(connection) or time.monotonic() + pause > until:
            return connection
        await asyncio.sleep(pause)


def _awaits_url(connection: BankConnection) -> bool:
    """Tell whether the address may still come: the prompt can lag behind its status."""
    is_unprompted = connection.status == ItemStatus.WAITING_USER_INPUT and connection.parameter is None
    return connection.status in _BUSY or is_unprompted
