"""Writing transactions: the first time, against the database's own limit and against row by row; and again."""

import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import select

from app.database import transaction
from app.resources import Resources
from app.transactions.bulk import TransactionRow
from app.transactions.ingest import Ingest, Reader
from app.transactions.models import Transaction
from benchmarks.history import TWO_YEARS, make_pages, make_row
from benchmarks.lab import Lab, say, scaled, spread
from benchmarks.tenant import Tenant, later, map_page, read_page, store_page, store_rows

ROWS: Final = scaled(50_000, least=2_000)
SINGLE_ROWS: Final = scaled(500, least=50)
ROUNDS: Final = 5
NEW_EVERY, CHANGED_EVERY = 100, 200
"""A re-sync brings 1 % new and 0.5 % changed rows, spread over all pages."""

_COPIED = ("owner_id", "account_id", "read_number", "added_read", "created_number", "change_number")


@dataclass
class Sides:
    """Seconds of each side, round by round."""

    ours: list[float] = field(default_factory=list)
    copy: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    singly: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    rewritten: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class History:
    """An account's pages as first read, and as read again. The first lack what is new in the second."""

    first: list[bytes]
    again: list[bytes]

    @classmethod
    def make(cls, account_id: UUID) -> "History":
        step = TWO_YEARS / ROWS
        first = [make_row(account_id, number, step=step) for number in range(ROWS)]
        again = list(first)
        for number in range(0, ROWS, CHANGED_EVERY):
            again[number] = make_row(account_id, number, step=step, note=" ajustado")
        first = [row for number, row in enumerate(first) if number % NEW_EVERY != NEW_EVERY // 2]
        return cls(make_pages(first), make_pages(again))


async def run(lab: Lab) -> dict[str, float]:
    """Return the ratios of first writes and of the re-sync."""
    database = await lab.database()
    sides = Sides()
    history = History.make(uuid4())
    async with database.resources() as resources, database.admin() as admin:
        ingest = Ingest(resources.vault)
        gc.collect()
        gc.freeze()  # a service holds one page at a time; the collector need not walk the whole set here either
        for number in range(ROUNDS):
            await _round(resources, admin, ingest, history, sides)
            say(f"  write path, round {number + 1} of {ROUNDS}")
        gc.unfreeze()
    return _figures(history, sides)


async def _round(
    resources: Resources, admin: "asyncpg.Connection[Any]", ingest: Ingest, history: History, sides: Sides
) -> None:
    """Both sides fill one table by turns, page by page: a slow moment of the machine hits both."""
    await admin.execute("TRUNCATE transactions CASCADE")
    await admin.execute("CHECKPOINT")
    ours, theirs, from_bytes, single = [await Tenant.make(resources) for _ in range(4)]
    reader, page_reader, seconds = ours.reader(), from_bytes.reader(), [0.0, 0.0, 0.0]
    for number, body in enumerate(history.first):
        rows = map_page(resources, reader, body)
        copied = [_whole(theirs, row) for row in rows]
        steps: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (0, lambda rows=rows: store_rows(resources, ingest, reader, rows)),  # type: ignore[misc]
            (1, lambda copied=copied: _copy(admin, copied)),  # type: ignore[misc]
            (2, lambda body=body: store_page(resources, ingest, page_reader, read_page(body))),  # type: ignore[misc]
        ]
        for side, step in steps if number % 2 else reversed(steps):
            seconds[side] += await _timed(step)
    sides.ours.append(seconds[0])
    sides.copy.append(seconds[1])
    sides.pages.append(seconds[2])
    rows = map_page(resources, single.reader(), history.first[0])[:SINGLE_ROWS]
    sides.singly.append(await _timed(lambda: _write_singly(resources, single, rows)))
    await admin.execute("VACUUM ANALYZE transactions")
    await admin.execute("CHECKPOINT")
    before = await _updates(admin)
    sides.again.append(await _timed(lambda: _read_again(resources, ingest, later(reader), history.again)))
    await resources.engine.dispose()  # a server process reports its counts when it ends
    sides.rewritten.append(await _updates(admin) - before)


def _figures(history: History, sides: Sides) -> dict[str, float]:
    first_rows = ROWS - ROWS // NEW_EVERY
    ours = [first_rows / seconds for seconds in sides.ours]
    against_copy = [copy / own for own, copy in zip(sides.ours, sides.copy, strict=True)]
    against_rows = [rate * seconds / SINGLE_ROWS for rate, seconds in zip(ours, sides.singly, strict=True)]
    again = [ROWS / seconds / rate for seconds, rate in zip(sides.again, ours, strict=True)]
    pages = [ROWS / seconds * first / first_rows for seconds, first in zip(sides.again, sides.pages, strict=True)]
    changed = len(range(0, ROWS, CHANGED_EVERY))
    say(f"  {len(history.first)} pages; × COPY {spread(against_copy)}; × row by row {spread(against_rows)}")
    say(f"  re-sync × first write of mapped rows {spread(again)}, of pages {spread(pages)}")
    return {
        "first_write_vs_copy": round(median(against_copy), 3),
        "first_write_vs_rows": round(median(against_rows), 1),
        "first_write_rows_per_s": round(median(ours)),
        "resync_vs_first": round(median(again), 2),
        "resync_vs_first_pages": round(median(pages), 2),
        "resync_rows_per_s": round(median(ROWS / seconds for seconds in sides.again)),
        "resync_rewritten_per_changed": round(median(sides.rewritten) / changed, 4),
    }


def _whole(tenant: Tenant, row: TransactionRow) -> tuple[object, ...]:
    return (tenant.owner_id, tenant.account_id, 1, 1, 1, 1, *row)


async def _copy(admin: "asyncpg.Connection[Any]", rows: Sequence[tuple[object, ...]]) -> None:
    await admin.copy_records_to_table("transactions", records=rows, columns=[*_COPIED, *TransactionRow._fields])


async def _write_singly(resources: Resources, tenant: Tenant, rows: Sequence[TransactionRow]) -> None:
    """The plain way: look each row up, add or change it, commit."""
    common = {"read_number": 1, "added_read": 1, "created_number": 1, "change_number": 1}
    for row in rows:
        async with transaction(resources.sessions, tenant.owner_id) as session:
            stored = await session.scalar(
                select(Transaction).where(
                    Transaction.owner_id == tenant.owner_id,
                    Transaction.account_id == tenant.account_id,
                    Transaction.pluggy_id == row.pluggy_id,
                )
            )
            if stored is None:
                stored = Transaction(owner_id=tenant.owner_id, account_id=tenant.account_id, **common)
                session.add(stored)
            for name, value in row._asdict().items():
                setattr(stored, name, value)


async def _read_again(resources: Resources, ingest: Ingest, reader: Reader, pages: Sequence[bytes]) -> None:
    for body in pages:
        await store_page(resources, ingest, reader, read_page(body))


async def _timed(step: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await step()
    return time.perf_counter() - start


async def _updates(admin: "asyncpg.Connection[Any]") -> float:
    await admin.execute("SELECT pg_stat_clear_snapshot()")
    count: int = await admin.fetchval("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'transactions'")
    return float(count)
