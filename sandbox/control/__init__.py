"""The control plane under /_control: an application of its own with its own OpenAPI, never mixed with real paths."""

from fastapi import FastAPI

from sandbox import refusals
from sandbox.conductor import Conductor
from sandbox.control import faults, items, ledger, time, webhooks
from sandbox.journal import Journal
from sandbox.wire import Json
from sandbox.world import World


def create_control_app(world: World, conductor: Conductor, journal: Journal) -> FastAPI:
    """Everything a test or a person can do to the stand-in behind the API's back."""
    title = "Pluggy stand-in: control plane"
    app = FastAPI(title=title, default_response_class=Json, docs_url=None, redoc_url=None)
    app.state.world, app.state.conductor, app.state.journal = world, conductor, journal
    refusals.install(app)
    for part in (time, items, ledger, webhooks, faults):
        app.include_router(part.router)
    return app
