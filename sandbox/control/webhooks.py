"""Webhooks from behind: rules for events on their way, the delivery log, events of one's own making."""

from fnmatch import fnmatchcase
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field

from sandbox.clock import iso
from sandbox.events import send
from sandbox.http import AnyObject, Body, PathId, WorldDep
from sandbox.records import Delivery, WebhookRule
from sandbox.wire import ApiError, Json, not_found, page_of

router = APIRouter(tags=["Webhooks"])


class CustomEvent(Body):
    """An event as a client would get it; `forged` sends it with a wrong secret and a wrong signature."""

    event: Annotated[str, Field(max_length=100)]
    payload: dict[str, Any] = {}
    forged: bool = False


@router.get("/webhook-rules")
async def list_rules(world: WorldDep) -> Json:
    return Json(list(world.webhook_rules))


@router.post("/webhook-rules")
async def add_rule(world: WorldDep, body: AnyObject) -> Json:
    """`{kind: drop|duplicate|delay|shuffle|forge, event?, copies?, seconds?, remaining?}`: from the next event on."""
    try:
        rule = msgspec.convert({**body, "id": world.new_id("rule"), "hits": 0}, WebhookRule)
    except msgspec.ValidationError as error:
        raise ApiError(400, str(error)) from error
    if not (0 <= rule.seconds <= 10**7 and 0 <= rule.copies <= 100):
        raise ApiError(400, "seconds or copies out of range")
    world.webhook_rules.put(rule.id, rule)
    return Json(rule)


@router.delete("/webhook-rules")
async def clear_rules(world: WorldDep) -> Json:
    world.webhook_rules.clear()
    return Json([])


@router.get("/deliveries")
async def list_deliveries(
    world: WorldDep,
    event: Annotated[str, Query(description="Shell pattern")] = "*",
    state: str | None = None,
) -> Json:
    """The log: every event to every URL with its attempts, oldest first."""
    return Json(
        page_of(
            [_view(row) for row in world.deliveries if fnmatchcase(row.event, event) and state in (None, row.state)],
            page_size=100_000,
        )
    )


def _view(delivery: Delivery) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(delivery, builtin_types=()),
        "createdAt": iso(delivery.created_at),
        "dueAt": iso(delivery.due_at),
        "body": msgspec.json.decode(delivery.body),
    }


@router.post("/deliveries/{id}/retry")
async def retry_delivery(request: Request, world: WorldDep, delivery_id: PathId) -> Json:
    """One more attempt now, as from the dashboard."""
    delivery = world.deliveries.get(delivery_id)
    if delivery is None:
        raise not_found("delivery")
    delivery.state, delivery.due_at = "pending", world.now()
    world.deliveries.put(delivery.id, delivery)
    await request.app.state.conductor.catch_up()
    return Json(_view(delivery))


@router.post("/events")
async def send_event(world: WorldDep, body: CustomEvent) -> Json:
    """Send an event of any name and payload to the subscribers of its name; answers its eventId."""
    return Json({"eventId": send(world, body.event, body.payload, forged=body.forged)})
