"""POST /auth and POST /connect_token."""

import secrets
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from sandbox.http import Body, Product, WorldDep
from sandbox.tokens import issue_connect_token, issue_key
from sandbox.wire import ApiError, Json

router = APIRouter(tags=["Auth"])


class Credentials(Body):
    client_id: str
    client_secret: str


class ConnectOptions(Body):
    client_user_id: str | None = None
    webhook_url: str | None = None
    oauth_redirect_uri: str | None = None
    avoid_duplicates: bool | None = None
    products: list[Product] | None = None


class ConnectTokenRequest(Body):
    item_id: UUID | None = None
    options: ConnectOptions = Field(default_factory=ConnectOptions)


@router.post("/auth")
async def create_api_key(world: WorldDep, body: Credentials) -> Json:
    """An API key for two hours."""
    config = world.config
    given = f"{body.client_id}:{body.client_secret}".encode()
    if not secrets.compare_digest(given, f"{config.client_id}:{config.client_secret}".encode()):
        raise ApiError(401, "Client keys are invalid", "CLIENT_KEYS_UNAUTHORIZED")
    if world.settings.client_disabled:
        raise ApiError(401, "Client is disabled", "CLIENT_DISABLED")
    return Json({"apiKey": issue_key(world)})


@router.post("/connect_token")
async def create_connect_token(world: WorldDep, body: ConnectTokenRequest | None = None) -> Json:
    """A token for one opening of the widget, for 30 minutes; its options go to the items made with it."""
    body = body or ConnectTokenRequest()
    item_id = str(body.item_id) if body.item_id else None
    if item_id:
        world.item(item_id)
    options: dict[str, Any] = body.options.model_dump(by_alias=True, exclude_none=True)
    return Json({"accessToken": issue_connect_token(world, item_id=item_id, options=options)})
