"""create_app(config): the stand-in as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from sandbox import refusals
from sandbox.conductor import Conductor
from sandbox.control import create_control_app
from sandbox.courier import Courier
from sandbox.gate import Gate
from sandbox.journal import Journal
from sandbox.routes import ROUTERS
from sandbox.wire import Json
from sandbox.world import Config, World


def create_app(config: Config | None = None, *, outside: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The stand-in; its memory (`app.state.world`) is open from here until the lifespan ends.

    Webhooks go out through `outside`, by default the network.
    """
    world = World(config or Config())
    conductor, journal = Conductor(world, Courier(world, outside)), Journal()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        conductor.start()
        yield
        await conductor.stop()
        world.close()

    app = FastAPI(
        title="Pluggy stand-in", lifespan=lifespan, default_response_class=Json, docs_url=None, redoc_url=None
    )
    app.state.world = world
    refusals.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/_control", create_control_app(world, conductor, journal))
    app.add_middleware(Gate, world=world, journal=journal)
    return app
