"""Whether the cost of a step stays the same when what it works on grows."""

import gc
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any, Final
from uuid import uuid4

import asyncpg

from app import owed
from app.database import transaction
from app.jobs import Kind
from app.resources import Resources
from app.transactions.ingest import Ingest
from benchmarks.fill import copies
from benchmarks.history import PAGE_ROWS, make_history, make_pages
from benchmarks.lab import Database, Lab, say, scaled, spread
from benchmarks.tenant import Tenant, map_page, store_rows

FEW_ROWS, MANY_ROWS = 1_000, scaled(1_000_000, least=10_000)
PAGES: Final = scaled(60, least=6)
FEW_CONNECTIONS, MANY_CONNECTIONS = 10, scaled(100_000, least=1_000)
CLAIMS: Final = scaled(400, least=20)

_FRESH: Final = {"id": "uuidv7()", "pluggy_id": "gen_random_uuid()", "date": "model.date - copy::int % 730"}
_OWE: Final = """
INSERT INTO owed_work (kind, ref_id, owner_id, due_at)
SELECT 'schedule', gen_random_uuid(), gen_random_uuid(), now() + interval '1 hour' * (1 + number % 12)
FROM generate_series(1, $1) AS number
"""
_DUE: Final = """
UPDATE owed_work SET due_at = now(), lease_until = NULL, attempts = 0
WHERE ref_id IN (SELECT ref_id FROM owed_work ORDER BY ref_id LIMIT 10)
"""


async def measure_rows(lab: Lab) -> dict[str, float]:
    """Return the time of a row written into a long account over that of one written into a short one."""
    pages = make_pages(make_history(uuid4(), PAGES * PAGE_ROWS))
    databases = [await lab.database() for _ in range(2)]
    async with databases[0].resources() as short, databases[1].resources() as long:
        sides = []
        for database, resources, count in zip(databases, (short, long), (FEW_ROWS, MANY_ROWS), strict=True):
            tenant = await Tenant.make(resources)
            async with database.admin() as admin:
                await _fill(admin, resources, tenant, count)
            sides.append((database, resources, tenant))
            say(f"  an account of {count} rows is ready")
        seconds = await _write_by_turns(sides, pages)
    ratio = median(many / few for few, many in zip(*seconds, strict=True))
    say(f"  a page into the short account {spread(seconds[0])} s, into the long one {spread(seconds[1])} s")
    return {"growth_rows": round(ratio, 3)}


async def _fill(admin: "asyncpg.Connection[Any]", resources: Resources, tenant: Tenant, count: int) -> None:
    """Fill the account with copies of one realistic page, each row with ids and a day of its own."""
    page = map_page(resources, tenant.reader(), make_pages(make_history(uuid4(), PAGE_ROWS))[0])
    await store_rows(resources, Ingest(resources.vault), tenant.reader(), page)
    head = await copies(admin, "transactions", _FRESH)
    source = "transactions AS model CROSS JOIN generate_series(1, $1) AS copy"
    await admin.execute(f"{head} FROM {source}", count // PAGE_ROWS - 1)
    assert await admin.fetchval("SELECT count(*) FROM transactions") == count
    await admin.execute("VACUUM ANALYZE transactions")
    await admin.execute("CHECKPOINT")


async def _write_by_turns(
    sides: list[tuple[Database, Resources, Tenant]], pages: list[bytes]
) -> tuple[list[float], list[float]]:
    """Return the seconds of each page into the short and into the long account."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for body in pages:
        for (database, resources, tenant), times in zip(sides, seconds, strict=True):
            reader = tenant.reader()
            rows = map_page(resources, reader, body)
            ingest = Ingest(resources.vault)
            times.append(await _timed(lambda: store_rows(resources, ingest, reader, rows)))  # noqa: B023
            async with database.admin() as admin:  # the short account stays short
                await admin.execute(
                    "DELETE FROM transactions WHERE owner_id = $1 AND id = ANY ($2)",
                    tenant.owner_id,
                    [row.id for row in rows],
                )
    return seconds


async def measure_connections(lab: Lab) -> dict[str, float]:
    """Return the time of a claim among many connections over that of one among a few; ten are due at both."""
    databases = [await lab.database() for _ in range(2)]
    async with (
        databases[0].resources() as few, databases[1].resources() as many,
        databases[0].admin() as first, databases[1].admin() as second,
    ):  # fmt: skip
        sides = ((few, first, FEW_CONNECTIONS), (many, second, MANY_CONNECTIONS))
        for _, admin, count in sides:
            await admin.execute(_OWE, count)
            await admin.execute("VACUUM ANALYZE owed_work")
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(CLAIMS):
            for (resources, admin, _), times in zip(sides, seconds, strict=True):
                await admin.execute(_DUE)
                times.append(await _timed(lambda: _claim(resources)))  # noqa: B023
    say(f"  a claim among {FEW_CONNECTIONS}: {spread(seconds[0])} s, among {MANY_CONNECTIONS}: {spread(seconds[1])} s")
    return {"growth_connections": round(median(seconds[1]) / median(seconds[0]), 3)}


async def _claim(resources: Resources) -> None:
    async with transaction(resources.sessions, None) as session:
        claimed = await owed.claim(session, Kind.SCHEDULE, limit=10)
    assert len(claimed) == 10


async def _timed(step: Callable[[], Awaitable[object]]) -> float:
    gc.collect()
    start = time.perf_counter()
    await step()
    return time.perf_counter() - start
