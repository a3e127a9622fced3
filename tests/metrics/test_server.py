"""What a scrape shows: of either process from outside, and of what this one counts."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app import owed
from app.clock import utc_now
from app.database import transaction
from app.ids import new_id
from app.jobs import Kind
from app.metrics import instruments
from app.metrics.server import make_app, serve_metrics
from app.resources import Resources, open_resources
from app.settings import Settings
from tests.http_support import make_settings, running_api
from tests.stand_in import StandIn
from tests.sync.support import connect
from tests.worker.test_process import environment
from worker.job import Runner

ROOT = Path(__file__).parents[2]
PROCESSES = {
    "api": ("uvicorn", "--factory", "app.main:create_app", "--port", "0", "--no-access-log"),
    "worker": ("worker",),
}
ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}|\d{6,}|@")


def samples(exposed: str) -> dict[str, float]:
    """Every sample of an exposition, by its name and labels as they are written."""
    return {
        sample.name + "".join(f" {name}={label}" for name, label in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
    }


@asynccontextmanager
async def scraping(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(make_app(resources)), base_url="http://in") as client:
        yield client


async def scrape(resources: Resources) -> dict[str, float]:
    async with scraping(resources) as client:
        return samples((await client.get("/metrics")).text)


@asynccontextmanager
async def running(process: str, settings: Settings) -> AsyncIterator[int]:
    """The process of that name, and its internal port as its log tells it."""
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *PROCESSES[process]),
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert started.stdout is not None
        async with asyncio.timeout(30):
            async for line in started.stdout:
                if b"metrics_served" in line:
                    yield json.loads(line)["port"]
                    break
    finally:
        started.kill()
        await started.wait()


@pytest.mark.parametrize("process", PROCESSES)
async def test_each_process_is_scraped_on_its_internal_port(
    resources: Resources, settings: Settings, process: str
) -> None:
    """R71"""
    async with running(process, settings) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        alive = await client.get("/healthz")
        exposed = await client.get("/metrics")

    told = samples(exposed.text)
    assert alive.status_code == 200
    assert exposed.headers["content-type"].startswith("text/plain")
    assert told[f"banking_build_info process={process} version=1.0.0"] == 1
    assert told["banking_database_up"] == 1
    assert told["process_resident_memory_bytes"] > 10_000_000
    assert {f"banking_owed_due kind={kind}" for kind in Kind} <= set(told)


async def test_the_public_port_serves_no_metrics(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")

    assert answer.status_code == 404


async def test_owed_work_is_told_by_kind_and_age(resources: Resources) -> None:
    now = utc_now()
    async with transaction(resources.sessions, None) as session:
        for seconds in (90, 30):
            await owed.add(session, Kind.DELETION, None, new_id(), due_at=now - timedelta(seconds=seconds))
        await owed.add(session, Kind.DELETION, None, new_id(), due_at=now + timedelta(hours=1))
        await owed.add(session, Kind.SYNC, None, new_id())
        await session.execute(text("UPDATE owed_work SET due_at = 'infinity' WHERE kind = 'sync'"))

    told = await scrape(resources)

    assert told["banking_owed_due kind=deletion"] == 2
    assert 90 <= told["banking_owed_late_seconds kind=deletion"] < 120
    assert (told["banking_owed_due kind=sync"], told["banking_owed_dead kind=sync"]) == (0, 1)
    assert told["banking_owed_late_seconds kind=sync"] == 0


async def test_without_postgresql_the_scrape_says_so_and_tells_nothing_old(resources: Resources) -> None:
    """R70, R71"""
    await scrape(resources)

    async with open_resources(make_settings(), statement_ms=1000) as away:
        told = await scrape(away)

    assert told["banking_database_up"] == 0
    assert [name for name in told if name.startswith("banking_owed")] == []


async def test_a_port_that_is_taken_costs_the_metrics_and_nothing_else() -> None:
    """R70"""
    free = make_settings(internal_port=0)
    async with open_resources(free, statement_ms=1000) as resources, serve_metrics(resources, process="api") as port:
        taken = make_settings(internal_port=port)
        async with open_resources(taken, statement_ms=1000) as others, serve_metrics(others, process="worker") as none:
            assert none is None

        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/healthz")).text == "ok"


async def test_a_sync_counts_its_run_its_rows_its_work_and_each_call(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    def counted() -> tuple[float, ...]:
        return (
            instruments.value("banking_sync_runs_total", outcome="succeeded"),
            instruments.value("banking_sync_rows_total", change="inserted"),
            instruments.value("banking_work_seconds_count", kind="sync", outcome="done"),
            instruments.value("banking_pluggy_calls_total", group="transactions", lane="batch", status="200"),
        )

    before = counted()
    await connect(resources, runner, stand_in, owner_id)

    runs, rows, work, calls = (after - earlier for after, earlier in zip(counted(), before, strict=True))
    async with transaction(resources.sessions, owner_id) as session:
        stored = await session.scalar(text("SELECT count(*) FROM transactions"))
    assert (runs, rows, work) == (1, stored, 1)
    assert calls > 1


async def test_a_call_without_an_answer_is_counted_as_such() -> None:
    async with open_resources(make_settings(), statement_ms=1000) as resources:
        before = instruments.value("banking_pluggy_calls_total", group="auth", lane="user", status="no_answer")
        with pytest.raises(Exception, match="auth"):
            await resources.pluggy.get_item(uuid4())

    after = instruments.value("banking_pluggy_calls_total", group="auth", lane="user", status="no_answer")
    assert after > before


async def test_requests_are_counted_by_the_template_of_their_route() -> None:
    """No id and no made-up path becomes a label."""
    route = "/api/banking/accounts/{account_id}/"

    async with running_api(make_settings()) as (_, client):
        before = instruments.value("banking_http_requests_total", method="GET", route=route, status="401")
        unknown = instruments.value("banking_http_requests_total", method="other", route="none", status="404")
        await client.get(f"/api/banking/accounts/{uuid4()}/")
        await client.get(f"/made-up/{uuid4()}")
        await client.request("BREW", f"/made-up/{uuid4()}")

    assert instruments.value("banking_http_requests_total", method="GET", route=route, status="401") == before + 1
    assert instruments.value("banking_http_requests_total", method="other", route="none", status="404") == unknown + 2


async def test_no_label_holds_an_id_or_an_address(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, client: httpx.AsyncClient
) -> None:
    """R65, R71: few series, no personal data, after whatever this process has done."""
    connection = await connect(resources, runner, stand_in, owner_id)
    await client.get(f"/api/banking/connections/{connection.id}/")

    told = await scrape(resources)

    labels = [name for name in told if "_bucket" not in name]
    assert [name for name in labels if ID.search(name)] == []
    assert len(told) < 5_000
