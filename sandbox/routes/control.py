"""The control plane under /_control: time, truth, settings. An application of its own, with its own OpenAPI."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import Body, FastAPI, Query, Request

from sandbox import refusals
from sandbox.clock import iso
from sandbox.conductor import Conductor
from sandbox.http import Body as Form
from sandbox.http import WorldDep
from sandbox.wire import ApiError, Json, not_found
from sandbox.world import World, change_settings


class Reset(Form):
    seed: str | None = None
    now: datetime | None = None
    frozen: bool = False


class ClockChange(Form):
    seconds: float | None = None
    now: datetime | None = None
    frozen: bool | None = None


def create_app(world: World, conductor: Conductor) -> FastAPI:
    app = FastAPI(title="Pluggy stand-in: control plane", version="1.0.0", default_response_class=Json)
    app.state.world = world
    app.state.conductor = conductor
    refusals.install(app)
    app.get("/truth")(get_truth)
    app.post("/reset")(reset)
    app.get("/clock")(get_clock)
    app.post("/clock")(move_clock)
    app.get("/settings")(get_settings)
    app.patch("/settings")(patch_settings)
    return app


async def get_truth(world: WorldDep, item_id: Annotated[str | None, Query(alias="itemId")] = None) -> Json:
    """The exact ledger an observer of the API should hold now; amounts as decimal strings."""
    try:
        return Json(world.ledger.truth(item_id))
    except KeyError:
        raise not_found("item") from None


async def reset(world: WorldDep, body: Reset | None = None) -> Json:
    """Forget everything and start again from a seed, optionally at a given or frozen instant."""
    body = body or Reset()
    world.reset(body.seed, now=body.now, frozen=body.frozen)
    return Json({"seed": world.meta.seed, "now": iso(world.now())})


async def get_clock(world: WorldDep) -> Json:
    return Json({"now": iso(world.now()), "frozen": world.clock.state.frozen_at is not None})


async def move_clock(request: Request, world: WorldDep, body: ClockChange) -> Json:
    """Advance by `seconds`, or set `now`; everything that falls due meanwhile has happened when this answers."""
    frozen = body.frozen if body.frozen is not None else world.clock.state.frozen_at is not None
    if body.seconds is not None:
        world.clock.advance(body.seconds)
    world.set_clock(body.now or world.now(), frozen=frozen)
    await request.app.state.conductor.catch_up()
    return await get_clock(world)


async def get_settings(world: WorldDep) -> Json:
    return Json(world.settings)


async def patch_settings(world: WorldDep, body: Annotated[dict[str, Any], Body()]) -> Json:
    """Change any of the settings; an unknown name is ignored."""
    try:
        world.save_settings(change_settings(world.settings, body))
    except msgspec.ValidationError as error:
        raise ApiError(400, str(error)) from error
    return Json(world.settings)
