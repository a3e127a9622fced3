"""create_app(config): the stand-in as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from sandbox import refusals
from sandbox.conductor import Conductor
from sandbox.gate import Gate
from sandbox.routes import (
    accounts,
    auth,
    bills,
    categories,
    connectors,
    consents,
    control,
    identity,
    investments,
    items,
    loans,
    merchants,
    special,
    transactions,
    webhooks,
)
from sandbox.wire import Json
from sandbox.world import Config, World

_NOUNS = (auth, connectors, items, consents, accounts, bills, transactions, categories)
_MORE_NOUNS = (investments, loans, identity, merchants, webhooks, special)


def create_app(config: Config | None = None) -> FastAPI:
    """The stand-in; its memory (`app.state.world`) is open from here until the lifespan ends."""
    world = World(config or Config())
    conductor = Conductor(world)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        conductor.start()
        yield
        await conductor.stop()
        world.close()

    app = FastAPI(title="Pluggy stand-in", version="1.0.0", lifespan=lifespan, default_response_class=Json)
    app.state.world = world
    refusals.install(app)
    for noun in (*_NOUNS, *_MORE_NOUNS):
        app.include_router(noun.router)
    control_app = control.create_app(world, conductor)
    app.mount("/_control", control_app)
    app.add_middleware(Gate, world=world)
    return app
