"""Items: the connections of one person at one institution."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Body as BodyParameter

from sandbox.http import Body, CallerDep, PathId, Product, WorldDep, as_text
from sandbox.items import answer_mfa, create_item, delete_item, find_item, item_view, update_item
from sandbox.wire import ApiError, Json

router = APIRouter(tags=["Items"])


class UpdateItem(Body):
    parameters: dict[str, Any] | str | None = None
    client_user_item_id: PathId | None = None
    webhook_url: str | None = None
    products: list[Product] | None = None


class CreateItem(UpdateItem):
    connector_id: int
    parameters: dict[str, Any] | str
    oauth_redirect_uri: str | None = None
    avoid_duplicates: bool | None = None


def _plain(parameters: dict[str, Any] | str) -> dict[str, str]:
    if isinstance(parameters, str):
        raise ApiError(400, "parameters could not be decrypted", "CONNECTOR_VALIDATION_ERROR")
    return as_text(parameters)


@router.post("/items")
async def post_item(world: WorldDep, caller: CallerDep, body: CreateItem) -> Json:
    """Start a connection: an item in UPDATING, whose life goes on by itself."""
    item = create_item(
        world,
        caller,
        connector_id=body.connector_id,
        parameters=_plain(body.parameters),
        options=body.model_dump(
            by_alias=True, include={"client_user_id", "webhook_url", "oauth_redirect_uri", "avoid_duplicates"}
        ),
        products=list(body.products or ()),
    )
    return Json(item_view(world, item))


@router.get("/items/{id}")
async def get_item(world: WorldDep, caller: CallerDep, item_id: PathId) -> Json:
    return Json(item_view(world, find_item(world, caller, item_id)))


@router.patch("/items/{id}")
async def patch_item(world: WorldDep, caller: CallerDep, item_id: PathId, body: UpdateItem | None = None) -> Json:
    """Visit the bank again, with new parameters or the stored ones."""
    body = body or UpdateItem()
    item = find_item(world, caller, item_id)
    parameters = _plain(body.parameters) if body.parameters is not None else None
    changes = body.model_dump(by_alias=True, include={"client_user_id", "webhook_url", "products"})
    return Json(item_view(world, update_item(world, caller, item, parameters=parameters, changes=changes)))


@router.post("/items/{id}/mfa")
async def send_mfa(
    world: WorldDep,
    caller: CallerDep,
    item_id: PathId,
    body: Annotated[dict[str, Any], BodyParameter()],
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


@router.delete("/items/{id}")
async def remove_item(world: WorldDep, caller: CallerDep, item_id: PathId) -> Json:
    delete_item(world, find_item(world, caller, item_id))
    return Json({"count": 1})
