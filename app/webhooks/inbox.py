"""The door of the inbox: whatever arrived while the last batch was being written is written as one batch.

An idle service commits each event at once, a loaded one batches by itself. Nothing is answered before its commit (R2).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.clock import utc_now
from app.database import make_engine
from app.http_errors import ServiceUnavailable
from app.ids import new_ids
from app.jobs import Bell, Kind
from app.metrics.instruments import INGESTED
from app.resources import Resources
from app.tasks import end_tasks
from app.webhooks.events import Delivery
from app.webhooks.rejections import RejectionLog

log = structlog.get_logger()

MAX_WAITING: Final = 2_000
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
MAX_BATCH: Final = 500
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024
WAIT_SECONDS: Final = 1.8
"""An answer leaves within 2 s, whatever our database does (R3)."""

_BATCH_SECONDS: Final = 1.5
_RETRY_AFTER: Final = timedelta(seconds=2)
_LOST: Final = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement that meets the server's farewell, before the end of the connection
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    OSError,
)
_FAULTS: Final = (*_LOST, asyncpg.PostgresError, SQLAlchemyError, TimeoutError)
_STORE: Final = """
WITH added AS (
    INSERT INTO webhook_events (id, event_id, event, item_id, body)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bytea[])
    ON CONFLICT (event_id) DO NOTHING
    RETURNING id
)
INSERT INTO owed_work (kind, ref_id) SELECT 'webhook', id FROM added
RETURNING ref_id, set_config('synchronous_commit', 'on', true)
"""


class _Arrival(NamedTuple):
    delivery: Delivery
    raw: bytes
    stored: asyncio.Future[None]


class Inbox:
    """Stores events for many requests at once. Make it by `open_inbox`; `rejections` counts what was turned away."""

    def __init__(self, engine: AsyncEngine, bell: Bell, rejections: RejectionLog) -> None:
        self.rejections = rejections
        self._engine = engine
        self._bell = bell
        self._waiting: deque[_Arrival] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._to_ring: asyncio.Queue[UUID] = asyncio.Queue(maxsize=1)

    async def receive(self, delivery: Delivery, raw: bytes) -> None:
        """Return when the event and its owed work are on disk; one that is stored already changes nothing.

        Raises ServiceUnavailable within 2 s when that can't be done, or when too much is waiting.
        """
        if len(self._waiting) >= MAX_WAITING or self._waiting_bytes + len(raw) > MAX_WAITING_BYTES:
            log.warning("inbox_full", waiting=len(self._waiting))
            raise _unavailable("Too many events are waiting to be stored.")
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Arrival(delivery, raw, stored))
        self._waiting_bytes += len(raw)
        self._arrived.set()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await stored
        except TimeoutError:
            raise _unavailable("The event could not be stored in time.") from None

    async def write(self) -> None:
        """Write batch after batch, for ever."""
        while True:
            await self._arrived.wait()
            batch = self._take()
            if not batch:
                self._arrived.clear()
                continue
            try:
                async with asyncio.timeout(_BATCH_SECONDS):
                    added = await self._store_surely(batch)
            except Exception as error:  # noqa: BLE001 # whatever it is: a writer that ended would store nothing ever again
                log.warning("inbox_not_written", events=len(batch), error=type(error).__name__)
                for arrival in batch:
                    if not arrival.stored.done():
                        arrival.stored.set_exception(_unavailable("The event could not be stored."))
                continue
            for arrival in batch:
                if not arrival.stored.done():
                    arrival.stored.set_result(None)
            INGESTED.labels("stored").inc(len(added))
            INGESTED.labels("repeated").inc(len(batch) - len(added))
            if added and not self._to_ring.full():
                self._to_ring.put_nowait(added[0])

    async def ring(self) -> None:
        """Ring once a batch, or once for several while Redis is slow: one bell drains all that is due (R5)."""
        while True:
            await self._bell.ring(Kind.WEBHOOK, None, await self._to_ring.get())

    def _take(self) -> list[_Arrival]:
        """Return what waits, oldest first and within the bounds of a batch, without what was given up on."""
        batch: list[_Arrival] = []
        size = 0
        while self._waiting and len(batch) < MAX_BATCH and size < MAX_BATCH_BYTES:
            arrival = self._waiting.popleft()
            self._waiting_bytes -= len(arrival.raw)
            if not arrival.stored.done():
                batch.append(arrival)
                size += len(arrival.raw)
        return batch

    async def _store_surely(self, batch: Sequence[_Arrival]) -> list[UUID]:
        """Store the batch, once more when the connection had been lost: what is stored already stays once."""
        try:
            return await self._store(batch)
        except _LOST:
            return await self._store(batch)

    async def _store(self, batch: Sequence[_Arrival]) -> list[UUID]:
        deliveries = [arrival.delivery for arrival in batch]
        columns: list[list[Any]] = [
            new_ids(len(batch)),
            [each.event_id for each in deliveries],
            [each.event for each in deliveries],
            [each.item_id for each in deliveries],
            [arrival.raw for arrival in batch],
        ]
        async with self._engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, asyncpg.Connection)  # noqa: S101 # the engine's driver
            try:
                rows = await driver.fetch(_STORE, *columns)
            except BaseException:
                driver.terminate()  # a polite farewell to a server that is gone takes two seconds
                await connection.invalidate()  # the pool does not see what its driver is put through
                raise
        return [row[0] for row in rows]


@asynccontextmanager
async def open_inbox(resources: Resources) -> AsyncIterator[Inbox]:
    """Yield the inbox on a database connection of its own, so that no slow query of the API holds events up."""
    url = resources.settings.database.url
    engine = make_engine(url, pool_size=1, statement_ms=int(_BATCH_SECONDS * 1000))
    rejections = RejectionLog(resources.sessions)
    inbox = Inbox(engine, resources.bell, rejections)
    tasks = [asyncio.create_task(work) for work in (inbox.write(), inbox.ring(), rejections.keep())]
    try:
        yield inbox
    finally:
        await end_tasks(tasks)
        with suppress(*_FAULTS):
            await rejections.flush()
        await engine.dispose()


def _unavailable(detail: str) -> ServiceUnavailable:
    INGESTED.labels("unavailable").inc()
    return ServiceUnavailable(detail, action="retry", retry_at=utc_now() + _RETRY_AFTER)
