"""Use cases of connections that talk to Pluggy: calls first, then one short transaction."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from app.clock import utc_now
from app.connections import removal, service
from app.connections.errors import ItemNotFound, RedirectNotAllowed, SandboxItemRefused
from app.connections.mapping import gone_columns, item_columns
from app.connections.models import BankConnection
from app.connections.refusals import ItemGone, unknown_products
from app.connections.status import DELETED, judge
from app.database import in_transaction, transaction
from app.oauth import service as oauth
from app.oauth.errors import ItemNotMade
from app.pluggy.errors import PluggyNotFound, PluggyRefused
from app.pluggy.item_calls import ConnectOptions
from app.pluggy.limits import Lane
from app.pluggy.models import Item
from app.resources import Resources
from app.settings import Settings
from app.sync import service as sync
from app.sync.models import SyncTrigger
from app.webhooks import service as webhooks

CONNECT_TOKEN_LIFE = timedelta(minutes=30)
PLUGGY_CONNECT = "https://connect.pluggy.ai/"


@dataclass(frozen=True)
class ConnectToken:
    """What a client needs to open the widget once. `widget` holds the props of Pluggy Connect."""

    connect_token: str
    expires_at: datetime
    widget: dict[str, Any]
    connect_url: str


async def create_connect_token(
    resources: Resources,
    owner_id: UUID,
    *,
    connection_id: UUID | None = None,
    products: Sequence[str] = (),
    oauth_redirect_uri: str | None = None,
) -> ConnectToken:
    """Return a token for one opening of the widget, bound to this owner; with a connection it repairs that one.

    Raises ConnectionNotFound, RedirectNotAllowed, ItemNotMade, ItemGone, InvalidRequest.
    """
    if oauth_redirect_uri is not None and oauth_redirect_uri not in resources.settings.service.oauth_redirect_uris:
        raise RedirectNotAllowed("oauth_redirect_uri")
    item_id = None if connection_id is None else await _item_to_repair(resources, owner_id, connection_id)
    settings = resources.settings
    options = ConnectOptions(
        client_user_id=str(owner_id),
        oauth_redirect_uri=oauth_redirect_uri,
        avoid_duplicates=True,
        products=tuple(products) or None,
    )
    asked_at = utc_now()
    try:
        token = await resources.pluggy.for_lane(Lane.USER).create_connect_token(item_id=item_id, options=options)
    except PluggyNotFound:
        raise await gone(resources, owner_id, connection_id) from None
    except PluggyRefused as refusal:
        raise unknown_products(refusal, products) or refusal from None
    widget: dict[str, Any] = {"connectToken": token, "includeSandbox": settings.pluggy.use_sandbox}
    if item_id is not None:
        widget["updateItem"] = str(item_id)
    if products:
        widget["products"] = list(products)
    return ConnectToken(token, asked_at + CONNECT_TOKEN_LIFE, widget, _connect_url(settings, widget))


def _connect_url(settings: Settings, widget: Mapping[str, Any]) -> str:
    """Return the page that opens the widget, with its props in the query, as the mobile wrappers of Pluggy do."""
    include_sandbox = str(widget["includeSandbox"]).lower()
    query = {"connect_token": widget["connectToken"], "with_sandbox": include_sandbox}
    query |= {"include_sandbox": include_sandbox}  # by its prop's name, as the stand-in's page reads it
    if "updateItem" in widget:
        query["update_item"] = widget["updateItem"]
    if "products" in widget:
        query["products"] = ",".join(widget["products"])
    return f"{settings.service.connect_page_url or PLUGGY_CONNECT}?{urlencode(query)}"


async def _item_to_repair(resources: Resources, owner_id: UUID, connection_id: UUID) -> UUID:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await service.get(session, owner_id, connection_id)
    if connection.item_id is None:
        raise ItemNotMade(connection_id)
    if connection.status == DELETED:
        raise ItemGone
    return connection.item_id


async def gone(resources: Resources, owner_id: UUID, connection_id: UUID | None) -> ItemGone:
    """Note that Pluggy no longer has the connection's item, and return what to tell the person."""
    if connection_id is not None:
        await in_transaction(
            resources.sessions,
            owner_id,
            lambda session: service.record_item(session, owner_id, connection_id, gone_columns()),
        )
    return ItemGone()


class Registered(NamedTuple):
    """The owner's connection of an item, and whether it was made now."""

    connection: BankConnection
    is_new: bool


async def create_from_item(resources: Resources, owner_id: UUID, item_id: UUID) -> Registered:
    """Return the owner's connection of an item made with a connect token of ours.

    The proof is the item's `clientUserId`, read from Pluggy, never from the caller. A new one's first sync is queued,
    events that came before it are taken up, and an item whose visit is not over is watched. Raises ItemNotFound,
    SandboxItemRefused, ConnectionBeingDeleted.
    """
    item = await _own_item(resources, owner_id, item_id)
    if item.connector and item.connector.is_sandbox and not resources.settings.pluggy.use_sandbox:
        raise SandboxItemRefused
    async with transaction(resources.sessions, owner_id) as session:
        connection, is_new = await service.register(session, owner_id, item_id, item_columns(item))
        if is_new:
            await sync.request_sync(session, owner_id, connection.id, trigger=SyncTrigger.CONNECT)
            await webhooks.adopt_orphans(session, item_id)
            if not judge(connection, utc_now()).is_settled:
                await oauth.watch(session, owner_id, connection.id, resources.settings.sync)
                connection = await service.hold(session, owner_id, connection.id)
    return Registered(connection, is_new)


async def _own_item(resources: Resources, owner_id: UUID, item_id: UUID) -> Item:
    try:
        item = await resources.pluggy.for_lane(Lane.USER).get_item(item_id)
    except PluggyNotFound:
        raise ItemNotFound(item_id) from None
    if item.client_user_id != str(owner_id):
        raise ItemNotFound(item_id)
    return item


async def delete_upstream(resources: Resources, owner_id: UUID, deletion_id: UUID) -> None:
    """Carry out the owed part of a deletion: have Pluggy delete the item and revoke its consent (R35)."""
    async with transaction(resources.sessions, owner_id) as session:
        deletion = await removal.get_deletion(session, owner_id, deletion_id)
    if deletion.finished_at is not None:
        return
    if deletion.item_id is not None:
        with suppress(PluggyNotFound):  # gone is what we want
            await resources.pluggy.delete_item(deletion.item_id)
    await in_transaction(resources.sessions, owner_id, lambda session: removal.finish_deletion(session, deletion))
