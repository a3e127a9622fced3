"""Items from behind: force a state, decide the next run, answer for other people, withdraw a consent."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from sandbox.events import ITEM_EVENTS, emit_connector_event
from sandbox.http import Body, PathId, Product, WorldDep
from sandbox.items import item_view
from sandbox.lifetime import answer_wait, begin_run, force_state, open_wait, settle
from sandbox.records import Health, Item
from sandbox.scripts import OUTCOMES
from sandbox.wire import ApiError, Json, page_of
from sandbox.world import World

router = APIRouter(tags=["Items"])


class ForcedState(Body):
    """Only the fields that are sent change; `event` is sent to the subscribers afterwards."""

    status: str | None = None
    execution_status: str | None = None
    error: dict[str, Any] | None = None
    parameter: dict[str, Any] | None = None
    user_action: dict[str, Any] | None = None
    status_detail: dict[str, Any] | None = None
    failed_logins: Annotated[int, Field(ge=0, le=1000)] | None = None
    failed_runs: Annotated[int, Field(ge=0, le=1000)] | None = None
    last_updated_at: datetime | None = None
    next_auto_sync_at: datetime | None = None
    event: Literal[ITEM_EVENTS] | None = None  # type: ignore[valid-type]  # the table of events is the enum


class NextRun(Body):
    """How the next run ends whatever its user's script says."""

    outcome: Literal[OUTCOMES] = "SUCCESS"  # type: ignore[valid-type]  # the table of outcomes is the enum
    stale: Product | None = None  # left unread; the outcome is then PARTIAL_SUCCESS
    warned: Product | None = None
    warning_code: str = "001"  # "423": the monthly quota of Open Finance is used up
    provider_message: str | None = None


class Approval(Body):
    verdict: Literal["ok", "wrong", "denied", "expired"] = "ok"


class HealthChange(Body):
    status: Literal["ONLINE", "UNSTABLE", "OFFLINE"]


def _item(world: World, item_id: str) -> Item:
    item = world.item(item_id.lower())
    settle(world, item)
    return item


@router.get("/items")
async def list_items(world: WorldDep) -> Json:
    """Every item, which the real API would not list."""
    for item in world.items:
        settle(world, item)
    return Json(page_of([item_view(world, item) for item in world.items], page_size=100_000))


@router.patch("/items/{id}")
async def force_item_state(world: WorldDep, item_id: PathId, body: ForcedState) -> Json:
    """Put the item in any state at all; a run under way is over."""
    item = _item(world, item_id)
    given = body.model_fields_set - {"event"}
    force_state(world, item, {name: getattr(body, name) for name in given}, body.event)
    return Json(item_view(world, item))


@router.post("/items/{id}/next-run")
async def decide_next_run(world: WorldDep, item_id: PathId, body: NextRun) -> Json:
    """The next run, whoever starts it, ends this way; only that one."""
    item = _item(world, item_id)
    outcome = "PARTIAL_SUCCESS" if body.stale and body.outcome == "SUCCESS" else body.outcome
    item.next_override = {**body.model_dump(exclude={"outcome"}), "outcome": outcome}
    world.items.put(item.id, item)
    return Json(item_view(world, item))


@router.post("/items/{id}/sync")
async def start_auto_sync(world: WorldDep, item_id: PathId) -> Json:
    """An auto-sync now, with no rule about intervals."""
    item = _item(world, item_id)
    begin_run(world, item, triggered_by="SYNC")
    settle(world, item)
    world.items.put(item.id, item)
    world.wake.set()
    return Json(item_view(world, item))


@router.post("/items/{id}/approve")
async def answer_for_others(world: WorldDep, item_id: PathId, body: Approval | None = None) -> Json:
    """What somebody outside does at the wait the item stands at: device, other approvers, OAuth, MFA."""
    item = _item(world, item_id)
    if open_wait(world, item) is None:
        raise ApiError(409, "The item is not waiting for anybody")
    answer_wait(world, item, (body or Approval()).verdict)
    return Json(item_view(world, item))


@router.post("/items/{id}/consent/revoke")
async def revoke_consent(world: WorldDep, item_id: PathId) -> Json:
    """The person withdraws the consent at the bank: the next run ends in USER_AUTHORIZATION_REVOKED."""
    item = _item(world, item_id)
    consent = world.consents.get(item.consent_id) if item.consent_id else None
    if consent is None:
        raise ApiError(409, "The item has no consent yet")
    consent.revoked_at = consent.revoked_at or world.now()
    world.consents.put(consent.id, consent)
    return Json(item_view(world, item))


class ConsentExpiry(Body):
    expires_at: datetime | None = None


@router.put("/items/{id}/consent/expiry")
async def set_consent_expiry(world: WorldDep, item_id: PathId, body: ConsentExpiry) -> Json:
    """Let the consent expire at an instant; null is never, the norm."""
    item = _item(world, item_id)
    consent = world.consents.get(item.consent_id) if item.consent_id else None
    if consent is None:
        raise ApiError(409, "The item has no consent yet")
    consent.expires_at = body.expires_at.astimezone() if body.expires_at else None
    world.consents.put(consent.id, consent)
    return Json(item_view(world, item))


@router.put("/connectors/{id}/health")
async def set_connector_health(
    world: WorldDep, connector_id: Annotated[int, Path(alias="id", ge=0, le=2**31)], body: HealthChange
) -> Json:
    """Break or mend an institution; subscribers hear of it when it changes."""
    connector = world.connector(connector_id)
    changed = world.health_of(connector) != body.status
    world.health.put(str(connector.id), Health(body.status))
    if changed:
        emit_connector_event(world, connector.id, body.status)
    return Json(world.connector_view(connector))
