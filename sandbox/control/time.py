"""Reset, clock, settings, keys."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from pydantic import Field

from sandbox.clock import iso
from sandbox.encryption import public_key_pem
from sandbox.http import AnyObject, Body, WorldDep
from sandbox.tokens import revoke_all
from sandbox.wire import ApiError, Json
from sandbox.world import World, change_settings

router = APIRouter(tags=["Time and settings"])
_TEN_YEARS = 10 * 366 * 86400


class Reset(Body):
    seed: Annotated[str, Field(max_length=200)] | None = None
    now: datetime | None = None
    frozen: bool = False
    keep_webhooks: bool = False


class ClockChange(Body):
    seconds: Annotated[float, Field(ge=-2 * _TEN_YEARS, le=2 * _TEN_YEARS, allow_inf_nan=False)] | None = None
    now: datetime | None = None
    frozen: bool | None = None


@router.post("/reset")
async def reset(request: Request, world: WorldDep, body: Reset | None = None) -> Json:
    """Forget everything and start again from a seed, optionally at a given or frozen instant.

    Keys stay as valid as the clock leaves them.
    """
    body = body or Reset()
    now = _sane(body.now) if body.now else None
    world.reset(body.seed, now=now, frozen=body.frozen, keep_webhooks=body.keep_webhooks)
    request.app.state.journal.clear()
    return Json({"seed": world.meta.seed, **_clock_view(world)})


@router.get("/clock")
async def get_clock(world: WorldDep) -> Json:
    return Json(_clock_view(world))


@router.post("/clock")
async def move_clock(request: Request, world: WorldDep, body: ClockChange) -> Json:
    """Set `now` or advance by `seconds`; freeze or let run. What fell due meanwhile has happened when this answers."""
    frozen = body.frozen if body.frozen is not None else world.clock.state.frozen_at is not None
    instant = _sane(body.now or world.now(), plus=body.seconds or 0)
    world.set_clock(instant, frozen=frozen)
    await request.app.state.conductor.catch_up()
    return Json(_clock_view(world))


def _clock_view(world: World) -> dict[str, Any]:
    return {"now": iso(world.now()), "frozen": world.clock.state.frozen_at is not None}


def _sane(instant: datetime, *, plus: float = 0) -> datetime:
    """The instant `plus` seconds later, in UTC. Raises 400 further than ten years from real time."""
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
    stamp = instant.timestamp() + plus
    if abs(stamp - datetime.now(UTC).timestamp()) > _TEN_YEARS:
        raise ApiError(400, "the clock may be moved by ten years at most")
    return datetime.fromtimestamp(stamp, UTC)


@router.get("/settings")
async def get_settings(world: WorldDep) -> Json:
    return Json(world.settings)


@router.patch("/settings")
async def patch_settings(world: WorldDep, body: AnyObject) -> Json:
    """Change any of the settings; names that are no setting are ignored."""
    try:
        world.save_settings(change_settings(world.settings, body))
    except msgspec.ValidationError as error:
        raise ApiError(400, str(error)) from error
    return Json(world.settings)


@router.post("/keys/revoke")
async def revoke_keys(world: WorldDep) -> Json:
    """Refuse every API key and connect token issued until now, as when they are revoked in the dashboard."""
    revoke_all(world)
    return Json({"revoked": True})


@router.get("/encryption-key")
async def get_encryption_key(world: WorldDep) -> Json:
    """The public key for `parameters` sent encrypted."""
    return Json({"publicKey": public_key_pem(world)})
