"""Items: the connections of one person at one institution."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query

from sandbox.clock import iso
from sandbox.encryption import decrypt_parameters
from sandbox.http import AnyObject, Body, CallerDep, PageDep, PageSizeDep, PathId, Product, WorldDep, as_text
from sandbox.items import answer_mfa, create_item, delete_item, find_item, item_view, resources_of, update_item
from sandbox.lifetime import settle
from sandbox.records import Item
from sandbox.wire import ApiError, Json, from_cursor, page_of, to_cursor
from sandbox.world import World

router = APIRouter(tags=["Items"])
_PAGE = 500


class UpdateItem(Body):
    parameters: dict[str, Any] | str | None = None
    client_user_id: str | None = None
    webhook_url: str | None = None
    products: list[Product] | None = None


class CreateItem(UpdateItem):
    connector_id: int
    parameters: dict[str, Any] | str
    oauth_redirect_uri: str | None = None
    avoid_duplicates: bool | None = None


def _plain(world: World, parameters: dict[str, Any] | str) -> dict[str, str]:
    return as_text(decrypt_parameters(world, parameters) if isinstance(parameters, str) else parameters)


@router.post("/items")
async def post_item(world: WorldDep, caller: CallerDep, body: CreateItem) -> Json:
    """Start a connection: an item in UPDATING, whose life goes on by itself."""
    item = create_item(
        world,
        caller,
        connector_id=body.connector_id,
        parameters=_plain(world, body.parameters),
        options=body.model_dump(
            by_alias=True, include={"client_user_id", "webhook_url", "oauth_redirect_uri", "avoid_duplicates"}
        ),
        products=list(body.products or ()),
    )
    return Json(item_view(world, item))


@router.get("/v2/items")
async def list_items(
    world: WorldDep,
    client_user_id: Annotated[str | None, Query(alias="clientUserId")] = None,
    connector_id: Annotated[int | None, Query(alias="connectorId")] = None,
    after: str | None = None,
) -> Json:
    """Newest first, 500 at a time; only for applications that were given the right (a setting here)."""
    if not world.settings.list_items_enabled:
        raise ApiError(403, "Listing items is not enabled for your application")
    key = from_cursor(after) if after else None
    items = [
        item
        for item in sorted(world.items, key=_creation, reverse=True)
        if client_user_id in (None, item.client_user_id)
        and connector_id in (None, item.connector_id)
        and (key is None or _creation(item) < key)
    ]
    query = {"clientUserId": client_user_id, "connectorId": connector_id}
    for item in items[:_PAGE]:
        settle(world, item)
    return Json(
        {
            "results": [item_view(world, item) for item in items[:_PAGE]],
            "next": _next_query(query, items[_PAGE - 1]) if len(items) > _PAGE else None,
        }
    )


def _creation(item: Item) -> tuple[datetime, str]:
    return item.created_at, item.id


def _next_query(query: dict[str, Any], last: Item) -> str:
    sent = {name: value for name, value in query.items() if value is not None}
    return "?" + urlencode({**sent, "after": to_cursor(iso(last.created_at) or "", last.id)})


@router.get("/items/{id}")
async def get_item(world: WorldDep, caller: CallerDep, item_id: PathId) -> Json:
    return Json(item_view(world, find_item(world, caller, item_id)))


@router.patch("/items/{id}")
async def patch_item(world: WorldDep, caller: CallerDep, item_id: PathId, body: UpdateItem | None = None) -> Json:
    """Visit the bank again, with new parameters or the stored ones."""
    body = body or UpdateItem()
    item = find_item(world, caller, item_id)
    parameters = _plain(world, body.parameters) if body.parameters is not None else None
    changes = body.model_dump(by_alias=True, include={"client_user_id", "webhook_url", "products"})
    return Json(item_view(world, update_item(world, caller, item, parameters=parameters, changes=changes)))


@router.post("/items/{id}/mfa")
async def send_mfa(
    world: WorldDep,
    caller: CallerDep,
    item_id: PathId,
    body: AnyObject,
) -> Json:
    """Give the value that `item.parameter` asks for, under its name."""
    return Json(item_view(world, answer_mfa(world, find_item(world, caller, item_id), as_text(body))))


@router.patch("/items/{id}/disable-auto-sync")
async def disable_auto_sync(world: WorldDep, caller: CallerDep, item_id: PathId) -> Json:
    item = find_item(world, caller, item_id)
    item.auto_sync_disabled_at, item.next_auto_sync_at = world.now(), None
    item.updated_at = world.now()
    world.items.put(item.id, item)
    return Json(item_view(world, item))


@router.get("/items/{id}/resources")
async def list_resources(
    world: WorldDep,
    caller: CallerDep,
    item_id: PathId,
    status: Literal["AVAILABLE", "UNAVAILABLE", "TEMPORARILY_UNAVAILABLE", "PENDING_AUTHORISATION"] | None = None,
    page: PageDep = 1,
    page_size: PageSizeDep = 500,
) -> Json:
    """What the bank shares under the consent; empty for connectors outside Open Finance."""
    resources = resources_of(world, find_item(world, caller, item_id))
    wanted = [resource for resource in resources if status in (None, resource["status"])]
    return Json(page_of(wanted, page=page, page_size=page_size))


@router.delete("/items/{id}")
async def remove_item(world: WorldDep, caller: CallerDep, item_id: PathId) -> Json:
    delete_item(world, find_item(world, caller, item_id))
    return Json({"count": 1})
