"""Probes for whoever runs the service."""

from fastapi import Response

from app.dependencies import ResourcesDep
from app.health import flow
from app.health.schemas import Health, Readiness
from app.routing import make_router, public

router = make_router("health", prefix="")


@router.get("/healthz", dependencies=[public("the orchestrator's probe", rate=None)])
async def get_health() -> Health:
    """Tell that the process is alive; nothing outside it is asked."""
    return Health()


@router.get(
    "/readyz",
    dependencies=[public("the load balancer's probe; it tells no more than up or down", rate=None)],
    responses={503: {"model": Readiness, "description": "PostgreSQL is away or lacks a migration: send no traffic."}},
)
async def get_readiness(resources: ResourcesDep, response: Response) -> Readiness:
    """Tell whether requests can be served now: `degraded` without Redis, 503 without PostgreSQL."""
    readiness = await flow.check_readiness(resources)
    if readiness.status == "unavailable":
        response.status_code = 503
    return readiness
