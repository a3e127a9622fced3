"""The API process: `uvicorn --factory app.main:create_app`."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import structlog
from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware import Middleware

from app import openapi, problems
from app.accounts.router import router as accounts
from app.api_keys.router import router as api_keys
from app.balances.router import router as balances
from app.bills.router import router as bills
from app.categories.router import router as categories
from app.category_rules.router import router as category_rules
from app.connections.router import router as connections
from app.connectors.router import router as connectors
from app.consents.router import router as consents
from app.counterparties.router import router as counterparties
from app.database import API_STATEMENT_MS
from app.events.router import router as events
from app.exports.router import router as exports
from app.health.router import router as health
from app.holdings.router import investments, loans
from app.http import Edge
from app.insights.router import router as insights
from app.links.router import router as links
from app.logs import configure_logs
from app.metrics.server import serve_metrics
from app.oauth.router import landing_router
from app.oauth.router import router as oauth
from app.owners.authentication import Authenticator
from app.owners.keys import KeySet
from app.owners.tokens import TokenVerifier
from app.pluggy.limits import Lane
from app.rates import RateLimiter, limits_of
from app.resources import open_resources
from app.routing import fixed_paths
from app.settings import Settings, SettingsError, load_settings
from app.sync.router import router as sync
from app.transactions.router import router as transactions
from app.webhook_endpoints.router import router as webhook_endpoints
from app.webhooks.inbox import open_inbox
from app.webhooks.router import router as webhooks

log = structlog.get_logger()

ROUTERS: tuple[APIRouter, ...] = (
    connectors,
    connections,
    consents,
    oauth,
    landing_router,
    sync,
    accounts,
    balances,
    bills,
    investments,
    loans,
    exports,
    transactions,
    links,
    counterparties,
    insights,
    categories,
    category_rules,
    events,
    webhook_endpoints,
    api_keys,
    webhooks,
    health,
)
"""Every slice's router, in the order of the documentation."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the API. Without settings it is the process's own: it reads the environment and sets up the logs.

    Exits with a message that names every problem when the environment can't be used.
    """
    owns_process = settings is None
    if settings is None:
        settings = _settings_of_process()
    app = openapi.Api(
        title=openapi.TITLE,
        version=openapi.VERSION,
        summary=openapi.SUMMARY,
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        openapi_url=None,  # served by a route of ours, which has a policy
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # spans would bear what people search for
        lifespan=_lifespan,
        middleware=[_cors(settings), Middleware(Edge)],
    )
    app.state.settings = settings
    app.state.owns_process = owns_process
    problems.install(app)
    for router in (*ROUTERS, openapi.router):
        app.router.routes.extend(router.routes)  # `include_router` would match every path of a router twice
    app.state.fixed_paths = fixed_paths(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    async with (
        open_resources(settings, statement_ms=API_STATEMENT_MS, lane=Lane.USER) as resources,
        open_inbox(resources) as inbox,
        httpx.AsyncClient(follow_redirects=False, trust_env=False) as http,
        AsyncExitStack() as stack,
    ):
        verifier = TokenVerifier(settings.auth, KeySet(str(settings.auth.jwks_url), http))
        app.state.resources = resources
        app.state.inbox = inbox
        app.state.authenticator = Authenticator(verifier, resources.sessions, resources.vault)
        app.state.limiter = RateLimiter(resources.redis, limits_of(settings.service))
        if app.state.owns_process:
            await stack.enter_async_context(serve_metrics(resources, process="api"))
            gc.collect()
            gc.freeze()  # what start-up made stays: the collector need not walk it again
        _announce(settings)
        yield
        await app.state.limiter.aclose()
    log.info("api_stopped")


def _announce(settings: Settings) -> None:
    log.info("api_started", environment=settings.service.environment)
    if not settings.receives_webhooks:
        remedy = "set BACKEND_URL to an address that Pluggy can reach"
        log.warning("webhooks_off", effect="changes are found by reading on schedule only", remedy=remedy)


def _settings_of_process() -> Settings:
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(str(error))
    configure_logs(settings.service)
    return settings


def _cors(settings: Settings) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=list(settings.service.cors_origins),
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
        allow_headers=[
            "Authorization",
            "Banking-Owner",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "Last-Event-ID",
            "X-Request-ID",
        ],
        expose_headers=[
            "ETag",
            "Idempotent-Replayed",
            "Location",
            "RateLimit-Limit",
            "RateLimit-Remaining",
            "RateLimit-Reset",
            "Retry-After",
            "WWW-Authenticate",
            "X-Request-ID",
        ],
        max_age=600,
    )
