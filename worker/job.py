"""What a job is, and the runner that claims owed work and carries it out."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.database import in_transaction, transaction
from app.jobs import Kind
from app.metrics.instruments import WORK_SECONDS
from app.owed import POLICIES, Owed, WhenDead
from app.resources import Resources

log = structlog.get_logger()

Job = Callable[[Resources, Any, UUID], Awaitable[timedelta | None]]
"""Carries out one piece of owed work, given its owner's id (None where the kind has none) and its subject's; safe to
repeat. Returns None when done, a delay when it must wait."""

DeadAction = Callable[[Resources, Owed], Awaitable[None]]

JOBS: dict[Kind, Job] = {}
DEAD_ACTIONS: dict[WhenDead, DeadAction] = {}
_STOP_SECONDS = 10


def job(kind: Kind) -> Callable[[Job], Job]:
    """Register the job of a kind."""

    def register(function: Job) -> Job:
        JOBS[kind] = function
        return function

    return register


def when_dead(action: WhenDead) -> Callable[[DeadAction], DeadAction]:
    """Register what happens to the subject of a dead row."""

    def register(function: DeadAction) -> DeadAction:
        DEAD_ACTIONS[action] = function
        return function

    return register


@when_dead(WhenDead.KEEP)
async def keep(_: Resources, __: Owed) -> None:
    """Leave the subject as it is; the row stays for the operator."""


class Runner:
    """Claims due work of each kind and runs it, at most `parallel` of a kind at once in this process."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._running: Counter[Kind] = Counter()
        self._claiming = {kind: asyncio.Lock() for kind in Kind}
        self._tasks: set[asyncio.Task[None]] = set()
        self._begun = 0
        self._stopping = False

    async def drain(self, kind: Kind, first: UUID | None = None) -> None:
        """Start what is due of the kind, `first` before all; what finds no free place is started as places free up."""
        if first is not None:
            await self._claim(kind, only=first)
        await self._claim(kind)

    async def drain_all(self) -> None:
        """Start what is due of every kind."""
        async with transaction(self._resources.sessions, None) as session:
            due = await owed.due_kinds(session)
        for kind in due:
            await self.drain(kind)

    async def settle(self) -> None:
        """Return when nothing runs and nothing is due: for tests and one-off commands."""
        before = -1
        while self._tasks or before != self._begun:  # what began and ended within a look may have owed something
            if self._tasks:
                await asyncio.wait(self._tasks)
            before = self._begun
            await self.drain_all()

    async def stop(self) -> None:
        """Claim nothing more, cancel what runs at its next await, and hand the work back (R14)."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)

    async def _claim(self, kind: Kind, *, only: UUID | None = None) -> None:
        async with self._claiming[kind]:
            free = POLICIES[kind].parallel - self._running[kind]
            if self._stopping or free <= 0:
                return
            async with transaction(self._resources.sessions, None) as session:
                claimed = await owed.claim(session, kind, limit=free, only=only)
            for row in claimed:
                self._running[kind] += 1
                self._begun += 1
                task = asyncio.create_task(self._work(row), name=f"{kind}:{row.ref_id}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _work(self, row: Owed) -> None:
        with structlog.contextvars.bound_contextvars(kind=row.kind, ref_id=str(row.ref_id), attempt=row.attempts):
            began, outcome = time.perf_counter(), "cut_off"
            try:
                outcome = await self._carry_out(row)
            except SQLAlchemyError as error:  # its lease runs out and another claim follows
                log.exception("owed_work_not_settled", error=type(error).__name__)
            finally:
                self._running[row.kind] -= 1
                WORK_SECONDS.labels(row.kind, outcome).observe(time.perf_counter() - began)
        with suppress(SQLAlchemyError):  # the next look, 5 s from now, drains as well
            await self._claim(row.kind)

    async def _carry_out(self, row: Owed) -> str:
        """Try it once and settle the row; return how it ended, in the words of `banking_work_seconds`."""
        if row.attempts > POLICIES[row.kind].attempts:  # its holders were killed, so none of them could say so
            return await self._fail(row, RuntimeError("every attempt was cut off"))
        work = asyncio.create_task(_attempt(self._resources, row))
        keeper = asyncio.create_task(self._keep_lease(row, work))
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.wait({work})
            await self._settle(row, timedelta(0))
            raise
        finally:
            keeper.cancel()
        if work.cancelled():  # the lease was lost: its new holder goes on
            return "cut_off"
        return await self._record(row, work)

    async def _record(self, row: Owed, work: asyncio.Task[timedelta | None]) -> str:
        error = work.exception()
        if error is not None:
            return await self._fail(row, error)
        await self._settle(row, work.result())
        return "done" if work.result() is None else "put_off"

    async def _settle(self, row: Owed, delay: timedelta | None) -> None:
        async def settle(session: AsyncSession) -> None:
            if delay is None:
                await owed.finish(session, row)
            else:
                await owed.reschedule(session, row, delay)

        await in_transaction(self._resources.sessions, None, settle)

    async def _fail(self, row: Owed, error: BaseException) -> str:
        reason = f"{type(error).__name__}: {error}"
        dead = await in_transaction(self._resources.sessions, None, lambda session: owed.fail(session, row, reason))
        if dead:
            log.error("owed_work_dead", error=type(error).__name__, exc_info=error)
            await DEAD_ACTIONS[POLICIES[row.kind].when_dead](self._resources, row)
            return "dead"
        log.warning("owed_work_failed", error=type(error).__name__, exc_info=error)
        return "failed"

    async def _keep_lease(self, row: Owed, work: asyncio.Task[timedelta | None]) -> None:
        """Renew the lease three times within its length; stop the work when it was lost to another worker."""
        while True:
            await asyncio.sleep(POLICIES[row.kind].lease.total_seconds() / 3)
            with suppress(SQLAlchemyError):
                if not await in_transaction(self._resources.sessions, None, lambda session: owed.renew(session, row)):
                    log.warning("lease_lost")
                    work.cancel()
                    return


async def _attempt(resources: Resources, row: Owed) -> timedelta | None:
    async with asyncio.timeout(POLICIES[row.kind].timeout.total_seconds()):
        return await JOBS[row.kind](resources, row.owner_id, row.ref_id)
