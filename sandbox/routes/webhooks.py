"""Webhooks of the application: at most five an event, each URL once an event."""

import re
from typing import Any

from fastapi import APIRouter

from sandbox.clock import iso
from sandbox.events import SUBSCRIBABLE
from sandbox.http import Body, PathId, WorldDep
from sandbox.records import Webhook
from sandbox.urls import check_webhook_url
from sandbox.wire import ApiError, Json, not_found, page_of
from sandbox.world import World

router = APIRouter(tags=["Webhook"])
_PER_EVENT = 5
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")


class CreateWebhook(Body):
    url: str
    event: str
    headers: dict[str, str] | None = None


class UpdateWebhook(Body):
    url: str | None = None
    event: str | None = None
    headers: dict[str, str] | None = None
    enabled: bool | None = None


def webhook_view(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "event": webhook.event,
        "headers": webhook.headers,
        "disabledAt": iso(webhook.disabled_at),
        "createdAt": iso(webhook.created_at),
        "updatedAt": iso(webhook.updated_at),
    }


def _webhook(world: World, webhook_id: str) -> Webhook:
    if webhook := world.webhooks.get(webhook_id.lower()):
        return webhook
    raise not_found("webhook")


def _check(world: World, url: str, event: str, *, own_id: str | None = None) -> None:
    if event not in SUBSCRIBABLE:
        raise ApiError(400, f"Invalid event type '{event}' for webhook")
    check_webhook_url(url, allow_loopback=world.settings.allow_loopback_urls)
    same_event = [webhook for webhook in world.webhooks if webhook.event == event and webhook.id != own_id]
    if any(webhook.url == url for webhook in same_event):
        raise ApiError(400, f"A webhook for event '{event}' and url '{url}' already exists.")
    if len(same_event) >= _PER_EVENT:
        raise ApiError(400, f"You have reached the maximum of {_PER_EVENT} webhooks for event '{event}'.")


def _headers(headers: dict[str, str] | None) -> dict[str, str]:
    """Raises 400 when a name or value could not be sent."""
    for name, value in (headers or {}).items():
        if not _HEADER_NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise ApiError(400, "headers must be valid HTTP headers")
    return headers or {}


@router.get("/webhooks")
async def list_webhooks(world: WorldDep) -> Json:
    return Json(page_of([webhook_view(webhook) for webhook in world.webhooks]))


@router.post("/webhooks", status_code=201)
async def create_webhook(world: WorldDep, body: CreateWebhook) -> Json:
    """Subscribe a URL to an event, to `item/all` or to `all`; the headers go with every delivery."""
    _check(world, body.url, body.event)
    now = world.now()
    webhook = Webhook(
        id=world.new_id("webhook"),
        url=body.url,
        event=body.event,
        headers=_headers(body.headers),
        created_at=now,
        updated_at=now,
    )
    world.webhooks.put(webhook.id, webhook)
    return Json(webhook_view(webhook), status_code=world.settings.webhook_create_status)


@router.get("/webhooks/{id}")
async def get_webhook(world: WorldDep, webhook_id: PathId) -> Json:
    return Json(webhook_view(_webhook(world, webhook_id)))


@router.patch("/webhooks/{id}")
async def update_webhook(world: WorldDep, webhook_id: PathId, body: UpdateWebhook) -> Json:
    """`headers: null` clears them; `enabled: true` brings a disabled webhook back."""
    webhook = _webhook(world, webhook_id)
    url, event = body.url or webhook.url, body.event or webhook.event
    if (url, event) != (webhook.url, webhook.event):
        _check(world, url, event, own_id=webhook.id)
    if "headers" in body.model_fields_set:
        webhook.headers = _headers(body.headers)
    if body.enabled is not None:
        webhook.disabled_at = None if body.enabled else world.now()
        webhook.lost_in_a_row = 0
    webhook.url, webhook.event, webhook.updated_at = url, event, world.now()
    world.webhooks.put(webhook.id, webhook)
    return Json(webhook_view(webhook))


@router.delete("/webhooks/{id}")
async def delete_webhook(world: WorldDep, webhook_id: PathId) -> Json:
    world.webhooks.drop(_webhook(world, webhook_id).id)
    return Json({"count": 1})
