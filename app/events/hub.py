"""Wakes this process's streams: Redis says at once that something happened, PostgreSQL says it for sure (R1)."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.database import transaction
from app.events import repository
from app.http_errors import ServiceUnavailable, TooManyRequests
from app.jobs import EVENTS_CHANNEL
from app.metrics.instruments import STREAM_CLIENTS
from app.resources import Resources

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
MAX_STREAMS: Final = 5_000
MAX_STREAMS_OF_OWNER: Final = 50
_OWNERS_AT_ONCE: Final = 500
_READS_AT_ONCE: Final = 4
_RETRY: Final = timedelta(seconds=30)
_PATIENCE_SECONDS: Final = 30.0


class EventHub:
    """The streams of one process. While there are any, it looks once a second, in one query for all of them, whose
    counter of changes has moved; so an idle stream costs no query of its own, and Redis may be away."""

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self._bells: dict[UUID, set[asyncio.Event]] = {}
        self._numbers: dict[UUID, int] = {}
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def count(self) -> int:
        """How many streams are open."""
        return sum(map(len, self._bells.values()))

    def admit(self, owner_id: UUID) -> None:
        """Raises TooManyRequests, ServiceUnavailable where one more stream would be too many (R62)."""
        if len(self._bells.get(owner_id, ())) >= MAX_STREAMS_OF_OWNER:
            raise TooManyRequests(
                f"The limit is {MAX_STREAMS_OF_OWNER} streams.", action="retry", retry_at=utc_now() + _RETRY
            )
        if self.count >= MAX_STREAMS:
            raise ServiceUnavailable("There are too many streams here.", action="retry", retry_at=utc_now() + _RETRY)

    @contextmanager
    def listen(self, owner_id: UUID) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever something may have happened to the owner."""
        bell = asyncio.Event()
        self._bells.setdefault(owner_id, set()).add(bell)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._look()), asyncio.create_task(self._hear())]
        STREAM_CLIENTS.inc()
        try:
            yield bell
        finally:
            STREAM_CLIENTS.dec()
            self._bells[owner_id].discard(bell)
            if not self._bells[owner_id]:
                del self._bells[owner_id]
                self._numbers.pop(owner_id, None)
            if not self._bells:
                self._rest()

    @asynccontextmanager
    async def reading(self, owner_id: UUID | None) -> AsyncIterator[AsyncSession]:
        """Yield a session to read with; few at once, so that streams leave the pool to requests."""
        async with self._reads, transaction(self.resources.sessions, owner_id) as session:
            yield session

    def _rest(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def _wake(self, owner_id: UUID) -> None:
        for bell in self._bells.get(owner_id, ()):
            bell.set()

    async def _look(self) -> None:
        while True:
            try:
                for some in _batches(list(self._bells)):
                    async with self.reading(None) as session:
                        self._compare(await repository.change_numbers(session, some))
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("streams_not_looked_after", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    def _compare(self, numbers: dict[UUID, int]) -> None:
        for owner_id, number in numbers.items():
            if owner_id in self._bells and self._numbers.get(owner_id) != number:
                self._numbers[owner_id] = number
                self._wake(owner_id)

    async def _hear(self) -> None:
        while True:
            try:
                async with self.resources.redis.pubsub() as channel:
                    await channel.subscribe(EVENTS_CHANNEL)
                    while True:
                        told = await channel.get_message(ignore_subscribe_messages=True, timeout=_PATIENCE_SECONDS)
                        if told is not None and len(told["data"]) == len(UUID(int=0).bytes):
                            self._wake(UUID(bytes=told["data"]))
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("announcements_not_heard", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)


def _batches(owner_ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    rest = iter(owner_ids)
    while some := list(islice(rest, _OWNERS_AT_ONCE)):
        yield some
