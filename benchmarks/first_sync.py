"""A whole sync: against one page after another, the memory it takes, and what it writes when nothing changed."""

import asyncio
import gc
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.database import transaction
from app.pluggy.decode import decode_page
from app.pluggy.pages import slice_transactions
from app.resources import Resources
from app.sync.flow import run_sync
from app.transactions.ingest import Ingest
from benchmarks.bank import running_bank
from benchmarks.history import PAGE_ROWS
from benchmarks.lab import Database, Lab, say, scaled, spread
from benchmarks.tenant import Tenant, store_page

PAGES: Final = scaled(100, least=4)
DELAY_MS: Final = 200
ROUNDS: Final = 3
SYNC_ROWS: Final = scaled(50_000, least=2_000)
FEW_ROWS, MANY_ROWS = scaled(6_000, least=1_000), scaled(60_000, least=10_000)
_LONGEST_SYNC: Final = 300

_BOOKKEEPING: Final = {"connections", "sync_runs", "sync_run_accounts", "sync_windows", "sync_hints", "events"}
"""What a run writes about itself, changed data or not; of events, the one that says that it has ended."""


async def compare_with_sequential(lab: Lab) -> dict[str, float]:
    """Return how much of the sequential time a real run takes, within an empty window of the rate limiter."""
    database = await lab.database()
    ratios, seconds = [], []
    gc.collect()
    gc.freeze()  # as the worker does at its start
    for _ in range(ROUNDS):
        async with database.resources() as resources:
            ours, theirs = [await Tenant.make(resources) for _ in range(2)]
        with running_bank(ours, rows=PAGES * PAGE_ROWS, delay_ms=DELAY_MS) as url:
            database.given["PLUGGY_BASE_URL"] = url
            async with database.resources() as resources:
                await resources.redis.flushdb()
                seconds.append(await _run(resources, ours, rows=PAGES * PAGE_ROWS))
        with running_bank(theirs, rows=PAGES * PAGE_ROWS, delay_ms=DELAY_MS) as url:
            database.given["PLUGGY_BASE_URL"] = url
            async with database.resources() as resources:
                await resources.redis.flushdb()
                ratios.append(seconds[-1] / await _read_sequentially(resources, theirs))
    gc.unfreeze()
    say(f"  first sync of {PAGES} pages: {spread(seconds)} s, of the sequential time {spread(ratios)}")
    return {"first_sync_vs_sequential": round(median(ratios), 3), "first_sync_s": round(median(seconds), 2)}


async def repeat_unchanged(lab: Lab) -> dict[str, float]:
    """Return what a run writes that reads a whole history again and finds it unchanged.

    The bank knows no `createdAtFrom`, so that even a reading from the watermark on meets every row.
    """
    database = await lab.database()
    async with database.resources() as resources:
        tenant = await Tenant.make(resources)
    with running_bank(tenant, rows=SYNC_ROWS, delay_ms=0) as url:
        database.given["PLUGGY_BASE_URL"] = url
        async with database.resources() as resources:
            await _run(resources, tenant, rows=SYNC_ROWS)
        async with database.admin() as admin:
            await admin.execute("VACUUM ANALYZE")
            await admin.execute("CHECKPOINT")
            written, place = await _written(admin), await admin.fetchval("SELECT pg_current_wal_insert_lsn()")
            async with database.resources() as resources:
                await resources.redis.flushdb()
                seconds = await _run(resources, tenant, rows=SYNC_ROWS, unchanged=True)
            wal = await admin.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)", place)
            written = await _written(admin) - written
            changes = await admin.fetchval("SELECT count(*) FROM events WHERE type = 'transactions.changed'")
            assert changes == 1, "only the first run changed anything"
    say(f"  unchanged run of {SYNC_ROWS} rows: {seconds:.2f} s, {wal} B of WAL, rows by table: {dict(written)}")
    return {
        "noop_rows_written": written.total(),
        "noop_wal_bytes_per_row": round(float(wal) / SYNC_ROWS, 2),
        "noop_rows_per_s": round(SYNC_ROWS / seconds),
    }


async def measure_memory(lab: Lab) -> dict[str, float]:
    """Return the largest resident size of a real worker process, and its growth from a short to a long history."""
    few, many = [await _peak_mib(lab, rows) for rows in (FEW_ROWS, MANY_ROWS)]
    say(f"  worker: {few:.0f} MiB after {FEW_ROWS} rows, {many:.0f} MiB after {MANY_ROWS}")
    return {"first_sync_rss_mib": round(many, 1), "rss_growth": round(many / few, 3)}


async def _run(resources: Resources, tenant: Tenant, *, rows: int, unchanged: bool = False) -> float:
    """Carry out a run, check its counts, and return its seconds."""
    run_id = await tenant.queue_sync(resources)
    start = time.perf_counter()
    wait = await run_sync(resources, tenant.owner_id, run_id)
    seconds = time.perf_counter() - start
    assert wait is None
    async with transaction(resources.sessions, tenant.owner_id) as session:
        raw = await session.connection()
        statement = "SELECT status, inserted, updated, removed FROM sync_runs WHERE owner_id = $1 AND id = $2"
        found = (await raw.exec_driver_sql(statement, (tenant.owner_id, run_id))).one()
    assert tuple(found) == ("succeeded", 0 if unchanged else rows, 0, 0), found
    return seconds


async def _read_sequentially(resources: Resources, tenant: Tenant) -> float:
    """The same calls and the same writes, each after the one before. Return the seconds."""
    reader, ingest, pluggy = tenant.reader(), Ingest(resources.vault), resources.pluggy
    start = time.perf_counter()
    await pluggy.get_item(tenant.item_id)
    async for _ in pluggy.iter_account_pages(tenant.item_id):
        pass
    after: str | None = None
    stored = 0
    while True:
        query = {"accountId": str(tenant.account_pluggy_id), "after": after}
        answer = await pluggy._send("GET", "/v2/transactions", query=query)
        page = decode_page(answer, slice_transactions)
        stored += (await store_page(resources, ingest, reader, page)).inserted
        after = page.next
        if after is None:
            break
    assert stored == PAGES * PAGE_ROWS
    return time.perf_counter() - start


async def _written(admin: "asyncpg.Connection[Any]") -> Counter[str]:
    """Return by ledger table how often a row was inserted, updated or deleted so far.

    A server process reports its counts when it ends, so the service's connections are waited for.
    """
    served = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'banking_app'"
    async with asyncio.timeout(_LONGEST_SYNC):
        while await admin.fetchval(served):  # noqa: ASYNC110 # a server process that ends sets no event of ours
            await asyncio.sleep(0.05)
    await admin.execute("SELECT pg_stat_clear_snapshot()")
    statement = """
        SELECT pg_class.relname, n_tup_ins + n_tup_upd + n_tup_del
        FROM pg_stat_user_tables JOIN pg_class ON pg_class.oid = relid
        WHERE relrowsecurity AND pg_class.relname <> ALL ($1)
    """
    return Counter(dict(await admin.fetch(statement, list(_BOOKKEEPING))))


async def _peak_mib(lab: Lab, rows: int) -> float:
    database = await lab.database()
    async with database.resources() as resources:
        tenant = await Tenant.make(resources)
    with running_bank(tenant, rows=rows, delay_ms=0) as url:
        database.given["PLUGGY_BASE_URL"] = url
        with database.process("worker") as worker:
            async with database.resources() as resources:
                run_id = await tenant.queue_sync(resources)
                await _finished(database, run_id)
            return peak_mib(worker.pid)


def peak_mib(pid: int) -> float:
    """Return the largest resident size that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


async def _finished(database: Database, run_id: UUID) -> None:
    async with database.admin() as admin, asyncio.timeout(_LONGEST_SYNC):
        while (status := await admin.fetchval("SELECT status FROM sync_runs WHERE id = $1", run_id)) != "succeeded":
            assert status in {"queued", "running"}, status
            await asyncio.sleep(0.1)
