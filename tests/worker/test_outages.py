"""Workers as processes while they are killed, their clock is wrong, or a server goes away; minutes long."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from app.resources import Resources, open_resources
from app.settings import Settings
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.conftest import add_owner
from tests.database import make_database
from tests.http_support import make_settings
from tests.servers import Servers
from tests.stand_in import StandIn, assert_equal_to_truth
from tests.sync.dying import let_leases_run_out
from tests.sync.invariants import Replica, assert_sound
from tests.sync.support import connect_without_sync, get_run, queue_sync
from tests.worker.test_process import Workers, ended

pytestmark = pytest.mark.faults

STEPS = {
    "the item": "/items/*",
    "the consent": "/consents",
    "the accounts": "/accounts",
    "the transactions": "/v2/transactions",
    "the bills": "/bills",
    "the investments": "/investments",
    "the loans": "/loans",
}
SKEW_SECONDS = 3600


@pytest.fixture
def workers(settings: Settings) -> Iterator[Workers]:
    """Starts worker processes; none outlives the test."""
    made = Workers(settings)
    yield made
    made.end()


@pytest.mark.parametrize("path", STEPS.values(), ids=STEPS)
async def test_a_worker_killed_while_it_reads(
    resources: Resources, workers: Workers, stand_in: StandIn, owner_id: UUID, path: str
) -> None:
    """R10, R19, R78: kill -9 at each step; the successor goes on and the ledger is the bank's."""
    connection = await connect_without_sync(resources, stand_in, owner_id)
    run_id = await queue_sync(resources, connection)
    await stand_in.control("DELETE", "/requests")
    rule = await stand_in.control("POST", "/faults", {"kind": "delay", "path": path, "seconds": 30})
    killed = workers.start()
    async with asyncio.timeout(30):
        while not any(each["id"] == rule["id"] and each["hits"] for each in await stand_in.control("GET", "/faults")):
            await asyncio.sleep(0.05)

    killed.send_signal(signal.SIGKILL)
    killed.wait()
    await stand_in.control("DELETE", f"/faults/{rule['id']}")
    await let_leases_run_out(resources)
    workers.start()
    run = await ended(resources, owner_id, run_id, seconds=60)

    assert (run.status, run.attempts) == ("succeeded", 2)
    await assert_sound(resources, stand_in, owner_id, connection, replica=Replica())


async def test_what_a_killed_worker_held_is_another_ones_within_a_minute(
    resources: Resources, workers: Workers, stand_in: StandIn, owner_id: UUID
) -> None:
    """R19, with nobody to end its lease early."""
    connection = await connect_without_sync(resources, stand_in, owner_id)
    run_id = await queue_sync(resources, connection)
    rule = await stand_in.control("POST", "/faults", {"kind": "delay", "path": "/v2/transactions", "seconds": 90})
    killed = workers.start()
    async with asyncio.timeout(30):
        while (await get_run(resources, owner_id, run_id)).phase != "transactions":
            await asyncio.sleep(0.05)
    workers.start()

    killed.send_signal(signal.SIGKILL)
    killed.wait()
    await stand_in.control("DELETE", f"/faults/{rule['id']}")
    async with asyncio.timeout(60):
        while (await get_run(resources, owner_id, run_id)).attempts < 2:
            await asyncio.sleep(0.2)

    assert (await ended(resources, owner_id, run_id, seconds=60)).status == "succeeded"
    await assert_sound(resources, stand_in, owner_id, connection, replica=Replica())


@pytest.mark.parametrize("seconds", [SKEW_SECONDS, -SKEW_SECONDS], ids=["an hour ahead", "an hour behind"])
async def test_a_worker_whose_clock_is_off(
    resources: Resources, workers: Workers, stand_in: StandIn, owner_id: UUID, seconds: int
) -> None:
    """R13: leases, due times and watermarks are the database's and Pluggy's, never the worker's."""
    connection = await connect_without_sync(resources, stand_in, owner_id)
    first = await queue_sync(resources, connection)
    workers.start("tests.worker.skewed", str(seconds))

    run = await ended(resources, owner_id, first, seconds=60)
    await stand_in.run_item(connection.item_id)
    again = await ended(resources, owner_id, await queue_sync(resources, connection), seconds=60)

    assert (run.status, again.status) == ("succeeded", "succeeded")
    await assert_sound(resources, stand_in, owner_id, connection, replica=Replica())


@pytest.fixture
def own_servers() -> Iterator[Servers]:
    """A PostgreSQL and a Valkey that no other test uses, to be stopped and started."""
    servers = Servers.started()
    yield servers
    servers.stop()


@pytest.fixture
async def own_settings(own_servers: Servers, stand_in_port: int) -> Settings:
    """Settings that lead to them."""
    await make_database(own_servers.urls, "outages")
    return make_settings(
        database_url=own_servers.urls.postgres("banking_app", "outages"),
        redis_url=own_servers.urls.valkey,
        pluggy_base_url=f"http://127.0.0.1:{stand_in_port}",
        pluggy_client_id=DEFAULT_CLIENT_ID,
        pluggy_client_secret=DEFAULT_CLIENT_SECRET,
        pluggy_use_sandbox=True,
    )


@pytest.fixture
async def own_resources(own_settings: Settings) -> AsyncIterator[Resources]:
    """What is open to them."""
    async with open_resources(own_settings, statement_ms=10_000) as opened:
        yield opened


@pytest.mark.parametrize("outage", ["Redis flushed", "Redis stopped", "PostgreSQL restarted"])
async def test_a_server_that_goes_away_in_mid_sync(
    own_servers: Servers, own_settings: Settings, own_resources: Resources, stand_in: StandIn, outage: str
) -> None:
    """R1, R6, R8, R11, R78: it costs time and nothing else; the same worker goes on."""
    workers = Workers(own_settings)
    owner_id = await add_owner(own_resources.sessions, "ana")
    connection = await connect_without_sync(own_resources, stand_in, owner_id)
    run_id = await queue_sync(own_resources, connection)
    await stand_in.control("POST", "/faults", {"kind": "delay", "path": "/v2/transactions", "seconds": 1})
    worker = workers.start()
    try:
        async with asyncio.timeout(30):
            while (await get_run(own_resources, owner_id, run_id)).phase != "transactions":
                await asyncio.sleep(0.05)
        if outage == "Redis flushed":
            await own_resources.redis.flushall()
        elif outage == "Redis stopped":
            await asyncio.to_thread(own_servers.stop_valkey)
        else:
            await asyncio.to_thread(own_servers.restart_postgres)
            await own_resources.engine.dispose()
        await stand_in.control("DELETE", "/faults")

        run = await ended(own_resources, owner_id, run_id, seconds=120)
        again = await ended(own_resources, owner_id, await queue_sync(own_resources, connection), seconds=60)

        assert worker.poll() is None
        assert (run.status, again.status) == ("succeeded", "succeeded")
        await assert_equal_to_truth(stand_in, own_resources.sessions, owner_id, connection)
    finally:
        workers.end()
