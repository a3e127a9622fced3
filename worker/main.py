"""The worker process: a look at PostgreSQL every 5 s, arq as its doorbell, and an orderly stop."""

import asyncio
import gc
import signal
from typing import Any, cast
from uuid import UUID

import structlog
from arq import cron
from arq.connections import RedisSettings
from arq.typing import WorkerCoroutine
from arq.worker import Function, Worker, func
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

import worker.jobs  # noqa: F401 # registers every job
from app.database import WORKER_STATEMENT_MS
from app.jobs import FUNCTIONS, QUEUE, Kind, decode, encode
from app.logs import configure_logs
from app.metrics.server import serve_metrics
from app.resources import Resources, open_resources
from app.settings import Settings
from app.tasks import end_tasks
from worker.job import Runner
from worker.jobs.webhooks import owe_upkeep

log = structlog.get_logger()

LOOK_SECONDS = 5
_LONGEST_BACKOFF = 5.0


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    configure_logs(settings.service)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with (
        open_resources(settings, statement_ms=WORKER_STATEMENT_MS) as resources,
        serve_metrics(resources, process="worker"),
    ):
        runner = Runner(resources)
        gc.collect()
        gc.freeze()
        tasks = [
            asyncio.create_task(look_for_work(runner)),
            asyncio.create_task(answer_the_bell(resources, runner)),
            asyncio.create_task(owe_upkeep(resources)),
        ]
        log.info("worker_started")
        await stop.wait()
        log.info("worker_stopping")
        await asyncio.gather(end_tasks(tasks), runner.stop())
    log.info("worker_stopped")


async def look_for_work(runner: Runner) -> None:
    """Drain every kind each 5 s, straight from PostgreSQL, whatever Redis does (R6)."""
    while True:
        try:
            await runner.drain_all()
        except (SQLAlchemyError, OSError) as error:
            log.warning("database_unreachable", error=type(error).__name__)
        await asyncio.sleep(LOOK_SECONDS)


async def answer_the_bell(resources: Resources, runner: Runner) -> None:
    """Keep an arq worker running; it exits whenever Redis drops (R8)."""
    delay = 0.1
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await _arq_worker(resources, runner).async_run()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("bell_lost", error=type(error).__name__)
        if asyncio.get_running_loop().time() - started > _LONGEST_BACKOFF:
            delay = 0.1
        await asyncio.sleep(delay)
        delay = min(delay * 2, _LONGEST_BACKOFF)


def _arq_worker(resources: Resources, runner: Runner) -> Worker:
    async def auto_sync_connections(_: dict[Any, Any]) -> None:
        await runner.drain(Kind.SCHEDULE)

    return Worker(
        functions=[_doorbell(kind, name, runner) for kind, name in FUNCTIONS.items()],
        cron_jobs=[cron(cast("WorkerCoroutine", auto_sync_connections), minute=set(range(0, 60, 2)), keep_result=0)],
        redis_settings=RedisSettings.from_dsn(resources.settings.service.redis_url.get_secret_value()),
        queue_name=QUEUE,
        job_serializer=encode,
        job_deserializer=decode,
        handle_signals=False,
        max_tries=1,
        max_jobs=50,
        poll_delay=0.05,
        queue_read_limit=500,
        keep_result=0,
        health_check_interval=3600,
    )


def _doorbell(kind: Kind, name: str, runner: Runner) -> Function:
    async def ring(_: dict[Any, Any], owner_id: str | None, ref_id: str) -> None:  # noqa: ARG001 # the row knows its owner
        await runner.drain(kind, UUID(ref_id))

    return func(cast("WorkerCoroutine", ring), name=name, keep_result=0, max_tries=1)
