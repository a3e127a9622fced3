"""Owed work as the worker's runner carries it out, on real PostgreSQL."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app import owed
from app.database import Sessions, transaction
from app.ids import new_id
from app.jobs import Kind
from app.owed import POLICIES, OwedWork
from app.resources import Resources
from worker.job import JOBS, Runner

Calls = list[UUID]


@pytest.fixture
def replaced() -> Iterator[None]:
    """Lets a test put its own job in place of the deletion's."""
    kept = JOBS[Kind.DELETION]
    yield
    JOBS[Kind.DELETION] = kept


async def owe(sessions: Sessions, ref_id: UUID | None = None) -> UUID:
    ref_id = ref_id or new_id()
    async with transaction(sessions, None) as session:
        await owed.add(session, Kind.DELETION, None, ref_id)
    return ref_id


async def rows(sessions: Sessions) -> list[OwedWork]:
    async with transaction(sessions, None) as session:
        return list((await session.execute(select(OwedWork))).scalars())


async def make_due(sessions: Sessions) -> None:
    async with transaction(sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE due_at < 'infinity'"))


async def test_finished_work_is_struck_off(resources: Resources, runner: Runner, replaced: None) -> None:
    calls: Calls = []

    async def job(_: Resources, __: None, ref_id: UUID) -> None:
        calls.append(ref_id)

    JOBS[Kind.DELETION] = job
    ref_id = await owe(resources.sessions)

    await runner.settle()

    assert calls == [ref_id]
    assert await rows(resources.sessions) == []


async def test_settling_carries_out_what_short_work_owes_to_a_kind_already_looked_at(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short work has ended before the same look is over, and nothing runs any more when it is."""
    calls: list[Kind] = []

    async def owe_a_run(_: Resources, __: None, ref_id: UUID) -> None:
        calls.append(Kind.DELETION)
        async with transaction(resources.sessions, None) as session:
            await owed.add(session, Kind.SYNC, None, ref_id)

    async def run(_: Resources, __: None, ___: UUID) -> None:
        calls.append(Kind.SYNC)

    class LookingSlowly(Runner):
        async def drain(self, kind: Kind, first: UUID | None = None) -> None:
            await super().drain(kind, first)
            await asyncio.sleep(0.05)

    monkeypatch.setitem(JOBS, Kind.DELETION, owe_a_run)
    monkeypatch.setitem(JOBS, Kind.SYNC, run)
    await owe(resources.sessions)

    await LookingSlowly(resources).settle()

    assert calls == [Kind.DELETION, Kind.SYNC]


async def test_rescheduled_work_keeps_its_attempts(resources: Resources, runner: Runner, replaced: None) -> None:
    """R9"""

    async def job(_: Resources, __: None, ___: UUID) -> timedelta:
        return timedelta(minutes=5)

    JOBS[Kind.DELETION] = job
    await owe(resources.sessions)

    await runner.settle()

    [row] = await rows(resources.sessions)
    assert (row.attempts, row.lease_until) == (0, None)


async def test_failed_work_counts_its_attempt_and_says_why(
    resources: Resources, runner: Runner, replaced: None
) -> None:
    """R9"""

    async def job(_: Resources, __: None, ___: UUID) -> None:
        raise RuntimeError("the bank is on fire")

    JOBS[Kind.DELETION] = job
    await owe(resources.sessions)

    await runner.settle()

    [row] = await rows(resources.sessions)
    assert row.attempts == 1
    assert row.last_error == "RuntimeError: the bank is on fire"
    assert row.due_at > row.created_at + timedelta(seconds=4)


async def test_work_whose_attempts_are_used_up_is_dead_but_not_lost(
    resources: Resources, runner: Runner, replaced: None
) -> None:
    """R9"""

    async def job(_: Resources, __: None, ___: UUID) -> None:
        raise RuntimeError("again")

    JOBS[Kind.DELETION] = job
    await owe(resources.sessions)
    async with transaction(resources.sessions, None) as session:
        await session.execute(
            text("UPDATE owed_work SET attempts = :used"), {"used": POLICIES[Kind.DELETION].attempts - 1}
        )

    await runner.settle()
    await make_due(resources.sessions)
    await runner.settle()

    async with transaction(resources.sessions, None) as session:
        dead = await session.execute(text("SELECT due_at = 'infinity', attempts FROM owed_work"))
        assert dead.one() == (True, POLICIES[Kind.DELETION].attempts)


async def test_work_whose_holders_were_all_killed_dies_as_well(
    resources: Resources, runner: Runner, replaced: None
) -> None:
    """R9: a job that kills its process can't fail politely."""
    calls: Calls = []

    async def job(_: Resources, __: None, ref_id: UUID) -> None:
        calls.append(ref_id)

    JOBS[Kind.DELETION] = job
    await owe(resources.sessions)
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET attempts = :used"), {"used": POLICIES[Kind.DELETION].attempts})

    await runner.settle()

    assert calls == []
    [row] = await rows(resources.sessions)
    assert "cut off" in (row.last_error or "")


async def test_two_workers_never_hold_one_row(resources: Resources) -> None:
    """R12"""
    wanted = {await owe(resources.sessions) for _ in range(20)}

    async def take() -> list[UUID]:
        async with transaction(resources.sessions, None) as session:
            return [row.ref_id for row in await owed.claim(session, Kind.DELETION, limit=7)]

    taken = await asyncio.gather(*(take() for _ in range(4)))

    flat = [ref_id for part in taken for ref_id in part]
    assert len(flat) == len(set(flat))
    assert set(flat) == wanted


async def test_whoever_lost_the_lease_settles_nothing(resources: Resources) -> None:
    """R17 for owed work: a paused worker that wakes up finds its claim gone."""
    await owe(resources.sessions)
    async with transaction(resources.sessions, None) as session:
        [late] = await owed.claim(session, Kind.DELETION, limit=1)
    await make_due(resources.sessions)
    async with transaction(resources.sessions, None) as session:
        [current] = await owed.claim(session, Kind.DELETION, limit=1)

    async with transaction(resources.sessions, None) as session:
        await owed.finish(session, late)
        assert not await owed.renew(session, late)

    [row] = await rows(resources.sessions)
    assert row.lease_until == current.lease_until


async def test_work_owed_again_while_it_is_done_is_done_again(
    resources: Resources, runner: Runner, replaced: None
) -> None:
    calls: Calls = []
    again = asyncio.Event()

    async def job(_: Resources, __: None, ref_id: UUID) -> None:
        calls.append(ref_id)
        if not again.is_set():
            again.set()
            await owe(resources.sessions, ref_id)

    JOBS[Kind.DELETION] = job
    ref_id = await owe(resources.sessions)

    await runner.settle()

    assert calls == [ref_id, ref_id]
    assert await rows(resources.sessions) == []


async def test_a_stopping_worker_hands_its_work_back_at_once(resources: Resources, replaced: None) -> None:
    """R14"""
    started = asyncio.Event()

    async def job(_: Resources, __: None, ___: UUID) -> None:
        started.set()
        await asyncio.sleep(60)

    JOBS[Kind.DELETION] = job
    await owe(resources.sessions)
    runner = Runner(resources)
    await runner.drain(Kind.DELETION)
    await started.wait()

    await runner.stop()

    [row] = await rows(resources.sessions)
    assert (row.attempts, row.lease_until) == (0, None)
    async with transaction(resources.sessions, None) as session:
        assert len(await owed.claim(session, Kind.DELETION, limit=1)) == 1


async def test_no_more_run_at_once_than_the_policy_allows(resources: Resources, runner: Runner, replaced: None) -> None:
    at_once: list[int] = []
    running = 0

    async def job(_: Resources, __: None, ___: UUID) -> None:
        nonlocal running
        running += 1
        at_once.append(running)
        await asyncio.sleep(0.01)
        running -= 1

    JOBS[Kind.DELETION] = job
    for _ in range(10):
        await owe(resources.sessions)

    await runner.settle()

    assert len(at_once) == 10
    assert max(at_once) == POLICIES[Kind.DELETION].parallel
