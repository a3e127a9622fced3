"""Runs from queue to ledger, against the stand-in and real servers."""

import asyncio
from uuid import UUID

from sqlalchemy import text

from app.database import transaction
from app.resources import Resources
from tests.stand_in import StandIn, assert_equal_to_truth
from tests.sync.support import connect, due_now, get_run, queue_sync, sync
from worker.job import Runner

LEDGER = ("accounts", "transactions", "transaction_revisions", "findings")


async def row_versions(resources: Resources, owner_id: UUID) -> dict[str, set[tuple[str, str]]]:
    """Where each row of the ledger lies and which transaction wrote it: any write at all changes this."""
    async with transaction(resources.sessions, owner_id) as session:
        return {
            table: {
                (row[0], row[1]) for row in await session.execute(text(f"SELECT ctid::text, xmin::text FROM {table}"))
            }
            for table in LEDGER
        }


async def test_a_first_sync_makes_the_ledger_equal_to_the_bank(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R78"""
    connection = await connect(resources, runner, stand_in, owner_id)

    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_sync_of_equal_rows_writes_nothing_to_the_ledger(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    before = await row_versions(resources, owner_id)

    run = await sync(resources, runner, connection)

    assert (run.status, run.inserted, run.updated) == ("succeeded", 0, 0)
    assert await row_versions(resources, owner_id) == before


async def test_counts_of_a_run_add_up(resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID) -> None:
    """R20"""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.run_item(connection.item_id, days=10)

    run = await sync(resources, runner, connection)

    assert run.inserted > 0
    assert run.fetched == run.inserted + run.updated + run.unchanged + run.quarantined
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_triggers_while_one_run_is_queued_share_it(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R16"""
    connection = await connect(resources, runner, stand_in, owner_id)

    first = await queue_sync(resources, connection)
    second = await queue_sync(resources, connection)

    assert first == second
    await runner.settle()
    assert (await get_run(resources, owner_id, first)).status == "succeeded"


async def test_triggers_during_a_run_queue_exactly_one_more(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R16: none is dropped because a run is active, and none doubles it."""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.control("POST", "/faults", {"kind": "delay", "path": "/accounts", "seconds": 0.5})
    under_way = await queue_sync(resources, connection)
    await runner.drain_all()
    while (await get_run(resources, owner_id, under_way)).status != "running":
        await asyncio.sleep(0.01)

    behind = {await queue_sync(resources, connection) for _ in range(3)}
    await runner.settle()
    await due_now(resources)
    await runner.settle()

    [one_more] = behind
    assert one_more != under_way
    ended = [await get_run(resources, owner_id, run_id) for run_id in (under_way, one_more)]
    assert [run.status for run in ended] == ["succeeded", "succeeded"]
    assert ended[0].finished_at is not None
    assert ended[1].started_at is not None
    assert ended[0].finished_at <= ended[1].started_at
