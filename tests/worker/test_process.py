"""The worker as a process of its own: killed, without Redis, asked to stop."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from app.connections.models import BankConnection
from app.database import transaction
from app.resources import Resources
from app.settings import Settings
from app.sync.models import SyncRun
from tests.http_support import NOWHERE
from tests.stand_in import StandIn, assert_equal_to_truth
from tests.sync.dying import let_leases_run_out
from tests.sync.support import connect_without_sync, get_run, queue_sync

ROOT = Path(__file__).parent.parent.parent
BIG = "user-ok-perf-3"


def environment(settings: Settings, **overrides: str) -> dict[str, str]:
    """The settings as the environment of a process."""
    given = {
        "DATABASE_URL": settings.database.url,
        "REDIS_URL": settings.service.redis_url.get_secret_value(),
        "ENVIRONMENT": "test",
        "ENCRYPTION_KEYS": settings.service.encryption_keys.get_secret_value(),
        "AUTH_JWKS_URL": str(settings.auth.jwks_url),
        "AUTH_ISSUER": settings.auth.issuer,
        "AUTH_AUDIENCE": settings.auth.audience,
        "PLUGGY_BASE_URL": str(settings.pluggy.base_url),
        "PLUGGY_CLIENT_ID": settings.pluggy.client_id,
        "PLUGGY_CLIENT_SECRET": settings.pluggy.client_secret.get_secret_value(),
        "PLUGGY_USE_SANDBOX": "true",
        "INTERNAL_PORT": "0",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    return given | overrides


class Workers:
    """Worker processes of a test."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str, **overrides: str) -> subprocess.Popen[bytes]:
        """Start one: `python -m worker`, or another module with its arguments."""
        process = subprocess.Popen(
            [sys.executable, "-m", *(command or ("worker",))],
            cwd=ROOT,
            env=environment(self._settings, **overrides),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        """Kill what still runs."""
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def workers(settings: Settings) -> Iterator[Workers]:
    """Starts worker processes; none outlives the test."""
    made = Workers(settings)
    yield made
    made.end()


async def ended(resources: Resources, owner_id: UUID, run_id: UUID, *, seconds: float = 30) -> SyncRun:
    """The run once it has ended and its meaning is derived, which of much is work of its own."""
    derivation = text("SELECT count(*) FROM owed_work WHERE owner_id = :owner_id AND kind = 'derivation'")
    async with asyncio.timeout(seconds):
        while True:
            run = await get_run(resources, owner_id, run_id)
            async with transaction(resources.sessions, None) as session:
                owed = await session.scalar(derivation, {"owner_id": owner_id})
            if run.finished_at is not None and not owed:
                return run
            await asyncio.sleep(0.1)


async def first_run(resources: Resources, stand_in: StandIn, owner_id: UUID) -> tuple[BankConnection, UUID]:
    """A connection whose first run is queued."""
    connection = await connect_without_sync(resources, stand_in, owner_id, user=BIG)
    return connection, await queue_sync(resources, connection)


async def test_a_worker_killed_in_mid_sync_is_taken_over_without_a_row_lost_or_doubled(
    resources: Resources, workers: Workers, stand_in: StandIn, owner_id: UUID
) -> None:
    """R10, R19, R78: kill -9 between two pages."""
    connection, run_id = await first_run(resources, stand_in, owner_id)
    slow = {"kind": "delay", "path": "/v2/transactions", "seconds": 0.4, "skip": 3}
    rule = await stand_in.control("POST", "/faults", slow)
    killed = workers.start()
    async with asyncio.timeout(20):
        while not (await stored(resources, owner_id)):
            await asyncio.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    await stand_in.control("DELETE", f"/faults/{rule['id']}")
    before = await stored(resources, owner_id)
    await let_leases_run_out(resources)

    workers.start()
    run = await ended(resources, owner_id, run_id)

    assert run.status == "succeeded"
    assert run.attempts == 2
    assert 0 < before < await stored(resources, owner_id)
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_run_is_carried_out_without_redis(
    resources: Resources, workers: Workers, stand_in: StandIn, owner_id: UUID
) -> None:
    """R1, R6: within 30 s, whatever became of Redis."""
    connection, run_id = await first_run(resources, stand_in, owner_id)

    workers.start(REDIS_URL=f"redis://{NOWHERE}/0")
    run = await ended(resources, owner_id, run_id)

    assert run.status == "succeeded"
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_run_queued_when_redis_forgets_everything_is_carried_out(
    resources: Resources, workers: Workers, stand_in: StandIn, owner_id: UUID
) -> None:
    """R1"""
    _, run_id = await first_run(resources, stand_in, owner_id)
    await resources.redis.flushall()

    workers.start()

    assert (await ended(resources, owner_id, run_id)).status == "succeeded"


async def test_a_worker_asked_to_stop_in_mid_sync_ends_soon_and_loses_no_attempt(
    resources: Resources, workers: Workers, stand_in: StandIn, owner_id: UUID
) -> None:
    """R14"""
    connection, run_id = await first_run(resources, stand_in, owner_id)
    await stand_in.control("POST", "/faults", {"kind": "delay", "path": "/v2/transactions", "seconds": 1})
    stopped = workers.start()
    async with asyncio.timeout(20):
        while (await get_run(resources, owner_id, run_id)).phase != "transactions":
            await asyncio.sleep(0.02)

    stopped.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        code = await asyncio.to_thread(stopped.wait)

    assert code == 0
    async with transaction(resources.sessions, None) as session:
        row = (await session.execute(text("SELECT attempts, lease_until FROM owed_work WHERE kind = 'sync'"))).one()
        assert tuple(row) == (0, None)
    await stand_in.control("DELETE", "/faults")
    workers.start()
    assert (await ended(resources, owner_id, run_id)).status == "succeeded"
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def stored(resources: Resources, owner_id: UUID) -> int:
    """Rows of the ledger so far."""
    async with transaction(resources.sessions, owner_id) as session:
        return int((await session.execute(text("SELECT count(*) FROM transactions"))).scalar_one())
