"""An API with a few routes of its own, a caller who is always admitted, and settings that reach nothing."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import FastAPI, Path, Query

from app.dependencies import OwnerDep, PageDep
from app.main import create_app
from app.owners.errors import InvalidToken, NotAuthenticated
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.routing import make_router, public, requires
from app.schemas import Input
from app.settings import Settings, load_settings

NOWHERE = "127.0.0.1:1"
OWNER_ID = UUID("01890000-0000-7000-8000-000000000001")


def make_settings(**given: Any) -> Settings:
    """Settings of a service whose servers are all unreachable, unless `given` says otherwise."""
    defaults = {
        "environment": "test",
        "redis_url": f"redis://{NOWHERE}/0",
        "encryption_keys": "k1:" + base64.b64encode(bytes(32)).decode(),
        "database_url": f"postgresql://banking_app:x@{NOWHERE}/banking",
        "pluggy_client_id": "client",
        "pluggy_client_secret": "secret",
        "pluggy_base_url": f"http://{NOWHERE}",
        "auth_jwks_url": f"http://{NOWHERE}/jwks.json",
        "auth_issuer": "https://issuer.example",
        "auth_audience": "banking",
    }
    return load_settings(env_file=None, **{**defaults, **given})


def changed(settings: Settings, **service: Any) -> Settings:
    """The same settings but for some fields of `service`."""
    made = copy(settings)
    made.service = settings.service.model_copy(update=service)
    made.service.__dict__.pop("keys", None)  # read from the keys before, and copied along
    return made


class Greeting(Input):
    """A body with the kinds of values that can go wrong."""

    name: str
    amount: Decimal = Decimal(0)
    parameters: dict[str, int] = {}  # pydantic copies it


class KnownCaller:
    """Admits `Bearer good`, and nobody else."""

    def __init__(self, scopes: frozenset[str] = DEFAULT_SCOPES, *, principal: Principal | None = None) -> None:
        self.principal = principal or Principal(OWNER_ID, scopes, "person")

    async def authenticate(self, authorization: str | None, named_owner: str | None = None) -> Principal:
        if authorization is None:
            raise NotAuthenticated
        if authorization != "Bearer good":
            raise InvalidToken("The token is not valid.")
        return self.principal


probe = make_router("probe")


@probe.post("/greetings/", dependencies=[requires("connections:write")])
async def greet(greeting: Greeting, owner: OwnerDep) -> dict[str, str]:
    """Say what was understood."""
    return {"owner": str(owner.id), "name": greeting.name, "amount": str(greeting.amount)}


@probe.get("/greetings/{number}/", dependencies=[requires("connections:read")])
async def get_greeting(
    number: Annotated[UUID, Path()], page: PageDep, tone: Annotated[int | None, Query(alias="tone")] = None
) -> dict[str, Any]:
    """Say what was asked."""
    return {"number": str(number), "limit": page.limit, "tone": tone}


@probe.post("/failures/{kind}/", dependencies=[public("a test")])
async def fail(kind: str) -> None:
    """Fail in the way that the test has put into `FAILURES`."""
    raise FAILURES[kind]


FAILURES: dict[str, Exception] = {}


@asynccontextmanager
async def running_api(
    settings: Settings, *, caller: KnownCaller | None = None
) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """Yield the API with the probe routes, and a client of it; with `caller` no token is verified."""
    app = create_app(settings)
    app.router.routes.extend(probe.routes)
    async with app.router.lifespan_context(app):
        if caller is not None:
            app.state.authenticator = caller
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://banking.test") as client:
            yield app, client
