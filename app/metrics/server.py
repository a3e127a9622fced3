"""`/metrics`, and `/healthz` of processes that have no port of their own, on INTERNAL_PORT: never on the public one."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app import openapi
from app.database import transaction
from app.jobs import Kind
from app.metrics import instruments
from app.metrics.repository import OwedNow, read_owed
from app.resources import Resources

log = structlog.get_logger()

READ_SECONDS: Final = 2.0


class _Server(uvicorn.Server):
    """A second server in a process that has a first: signals are the first one's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_metrics(resources: Resources, *, process: str) -> AsyncIterator[int | None]:
    """Serve while the context lasts and yield the port; None, with a warning, where it can't be had (R70)."""
    instruments.BUILD.info({"version": openapi.VERSION, "process": process})
    host, port = resources.settings.service.internal_host, resources.settings.service.internal_port
    try:
        listener = _listen(host, port)
    except OSError as error:
        log.warning("metrics_off", host=host, port=port, error=type(error).__name__, remedy="choose an INTERNAL_PORT")
        yield None
        return
    config = uvicorn.Config(make_app(resources), lifespan="off", log_config=None, access_log=False)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    bound: int = listener.getsockname()[1]
    log.info("metrics_served", host=host, port=bound)
    try:
        yield bound
    finally:
        server.should_exit = server.force_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, reuse_port=False)


def make_app(resources: Resources) -> Starlette:
    """Return what answers on the internal port."""

    async def get_metrics(_: Request) -> Response:
        await read_database(resources)
        return Response(generate_latest(instruments.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    async def get_health(_: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/metrics", get_metrics), Route("/healthz", get_health)])


async def read_database(resources: Resources) -> None:
    """Set the gauges that PostgreSQL knows; while it is away they are absent, rather than old."""
    owed: list[OwedNow] = []
    try:
        async with asyncio.timeout(READ_SECONDS), transaction(resources.sessions, None) as session:
            owed = await read_owed(session, [kind.value for kind in Kind])
    except (SQLAlchemyError, OSError) as error:
        log.warning("metrics_without_database", error=type(error).__name__)
    instruments.DATABASE_UP.set(1 if owed else 0)
    gauges = (instruments.OWED_DUE, instruments.OWED_LATE, instruments.OWED_DEAD)
    for gauge in gauges:
        gauge.clear()
    for row in owed:
        for gauge, value in zip(gauges, row[1:], strict=True):
            gauge.labels(row.kind).set(value)
