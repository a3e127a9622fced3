"""A worker that is killed between two commits, without a process: what it holds lets it write no more."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Sessions, transaction
from app.resources import Resources
from worker.job import Runner


class Killed(SQLAlchemyError):
    """The worker is dead: nothing it begins from now on reaches the database."""


class DyingSessions:
    """Sessions for so many transactions; whoever asks for one more is dead, and so is the whole worker."""

    def __init__(self, sessions: Sessions, transactions: int) -> None:
        self._sessions = sessions
        self._left = transactions

    @property
    def is_dead(self) -> bool:
        """Whether the end has come."""
        return self._left < 0

    def __call__(self, **given: Any) -> AsyncSession:
        """The next session."""
        self._left -= 1
        if self.is_dead:
            raise Killed
        return self._sessions(**given)


async def work_until_killed(resources: Resources, *, transactions: int) -> bool:
    """Carry out what is due and die after so many transactions, as by kill -9; False when all was done before that.

    Whatever was claimed stays claimed by the dead: its leases are then over, as they are half a minute later.
    """
    sessions = DyingSessions(resources.sessions, transactions)
    runner = Runner(replace(resources, sessions=cast("Sessions", sessions)))
    with suppress(Killed):
        await runner.settle()
    for task in runner._tasks:
        task.cancel()
    if runner._tasks:
        await asyncio.wait(runner._tasks)
    await let_leases_run_out(resources)
    return sessions.is_dead


async def let_leases_run_out(resources: Resources) -> None:
    """Stand for the half minute after which a dead worker's work is anybody's."""
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE lease_until IS NOT NULL"))
