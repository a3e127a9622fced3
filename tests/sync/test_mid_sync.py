"""What happens while a run reads: to the key, the item, the consent, the worker, and to another worker beside it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.connections.models import BankConnection
from app.database import transaction
from app.pluggy.limits import Lane
from app.resources import Resources, open_resources
from app.sync.models import SyncRun
from tests.servers import ServerUrls
from tests.stand_in import StandIn, assert_equal_to_truth, held
from tests.sync.dying import work_until_killed
from tests.sync.invariants import Replica, assert_sound, violations
from tests.sync.support import connect, connect_without_sync, due_now, get_run, queue_sync, sync
from tests.sync.test_faults import forget_deep_reads
from tests.sync.world import World, its_own_settings
from worker.job import Runner

PAGES = "/v2/transactions"
SMALL = "user-ok-small"
TRANSACTIONS_OF_A_RUN = 120
"""More than any run here takes: the last kill finds nothing left to kill."""


async def in_mid_sync(
    resources: Resources,
    runner: Runner,
    stand_in: StandIn,
    connection: BankConnection,
    happens: Callable[[], Awaitable[Any]],
) -> SyncRun:
    """The run during which, with accounts stored and pages on their way, something happened."""
    rule = await stand_in.control("POST", "/faults", {"kind": "delay", "path": PAGES, "seconds": 0.4})
    run_id = await queue_sync(resources, connection)
    await runner.drain_all()
    async with asyncio.timeout(20):
        while (await get_run(resources, connection.owner_id, run_id)).phase != "transactions":
            await asyncio.sleep(0.02)
    await happens()
    await stand_in.control("DELETE", f"/faults/{rule['id']}")
    await runner.settle()
    await due_now(resources)
    await runner.settle()
    return await get_run(resources, connection.owner_id, run_id)


async def test_a_key_that_expires_while_pages_are_read_is_renewed(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R41"""
    connection = await connect(resources, runner, stand_in, owner_id, user=SMALL)
    await stand_in.run_item(connection.item_id, days=20)
    await forget_deep_reads(resources, owner_id)

    run = await in_mid_sync(resources, runner, stand_in, connection, lambda: stand_in.control("POST", "/keys/revoke"))

    assert (run.status, run.warnings) == ("succeeded", [])
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_an_item_deleted_while_it_is_read_loses_no_row_and_goes_on_under_a_new_one(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R24, R25: whatever is absent now, nothing proves that a row is gone."""
    connection = await connect(resources, runner, stand_in, owner_id, user=SMALL)
    before = await held(resources.sessions, owner_id, connection.id)
    await forget_deep_reads(resources, owner_id)

    run = await in_mid_sync(
        resources, runner, stand_in, connection, lambda: stand_in.api("DELETE", f"/items/{connection.item_id}")
    )
    after = await sync(resources, runner, connection)
    kept = await held(resources.sessions, owner_id, connection.id)
    anew = await connect(resources, runner, stand_in, owner_id, user=SMALL)

    assert run.status in {"partial", "failed"}
    assert run.warnings or run.error_code
    assert (after.status, after.error_code) == ("failed", "item_deleted")
    assert kept == before
    assert await violations(resources, owner_id) == []
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, anew)


async def test_a_consent_revoked_while_rows_vanish_wipes_nothing_until_the_person_connects_anew(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R25, R34: the consent is looked at after the last page, before anything is removed."""
    connection = await connect(resources, runner, stand_in, owner_id, user=SMALL)
    before = await held(resources.sessions, owner_id, connection.id)
    await forget_deep_reads(resources, owner_id)
    gone = [str(row.pluggy_id) for rows in before.values() for row in rows[:2]]

    async def revoke() -> None:
        await stand_in.control("POST", "/transactions/remove", {"ids": gone}, applyNow=True)
        await stand_in.control("POST", f"/items/{connection.item_id}/consent/revoke")

    run = await in_mid_sync(resources, runner, stand_in, connection, revoke)
    kept = await held(resources.sessions, owner_id, connection.id)
    anew = await connect(resources, runner, stand_in, owner_id, user=SMALL)

    assert (run.status, run.removed) == ("partial", 0)
    assert "removal_not_proven" in {warning["code"] for warning in run.warnings}
    assert kept == before
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, anew)


async def test_two_workers_on_one_connection_carry_each_run_out_once(
    resources: Resources, stand_in: StandIn, owner_id: UUID
) -> None:
    """R12, R16, R17"""
    connection = await connect_without_sync(resources, stand_in, owner_id, user=SMALL)
    workers = [Runner(resources), Runner(resources)]
    first = await queue_sync(resources, connection)

    await asyncio.gather(*(worker.drain_all() for worker in workers))
    behind = await queue_sync(resources, connection)
    await asyncio.gather(*(worker.settle() for worker in workers))
    await due_now(resources)
    await asyncio.gather(*(worker.settle() for worker in workers))

    runs = [await get_run(resources, owner_id, run_id) for run_id in {first, behind}]
    assert {(run.status, run.attempts) for run in runs} == {("succeeded", 1)}
    await assert_sound(resources, stand_in, owner_id, connection, replica=Replica())


async def test_a_worker_that_slept_through_its_lease_writes_nothing_when_it_wakes(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R17, R22: its run was taken over meanwhile, and ended."""
    connection = await connect_without_sync(resources, stand_in, owner_id, user=SMALL)
    run_id = await queue_sync(resources, connection)
    await stand_in.control("POST", "/faults", {"kind": "delay", "path": PAGES, "seconds": 3, "remaining": 1})
    await runner.drain_all()
    async with asyncio.timeout(20):
        while (await get_run(resources, owner_id, run_id)).phase != "transactions":
            await asyncio.sleep(0.02)
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE kind = 'sync'"))
    await Runner(resources).settle()
    taken_over = await get_run(resources, owner_id, run_id)

    await runner.settle()

    run = await get_run(resources, owner_id, run_id)
    assert (taken_over.status, taken_over.attempts) == ("succeeded", 2)
    assert (run.status, run.fetched, run.inserted) == ("succeeded", taken_over.fetched, taken_over.inserted)
    await assert_sound(resources, stand_in, owner_id, connection, replica=Replica())


@pytest.mark.parametrize("spacing", [pytest.param(1, marks=pytest.mark.faults), 9], ids=["any two", "every ninth two"])
async def test_a_worker_killed_between_two_commits_leaves_nothing_undone_or_done_twice(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, spacing: int
) -> None:
    """R10, R11, R19, R20, R78: each kill is at another commit of a whole reading with changes in it."""
    connection = await connect(resources, runner, stand_in, owner_id, user=SMALL)
    replica = Replica()
    was_killed, transactions = True, 1
    while was_killed and transactions < TRANSACTIONS_OF_A_RUN:
        await something_changes(stand_in, connection)
        await forget_deep_reads(resources, owner_id)
        await queue_sync(resources, connection)

        was_killed = await work_until_killed(resources, transactions=transactions)
        await due_now(resources)
        await runner.settle()
        await sync(resources, runner, connection)  # a reading in two parts proves no absence: the next one does

        await assert_sound(resources, stand_in, owner_id, connection, replica=replica)
        transactions += spacing
    assert transactions > 30


async def something_changes(stand_in: StandIn, connection: BankConnection) -> None:
    """One row restated, one changed, one removed."""
    shown = await stand_in.truth(connection.item_id)
    restated, changed, removed = max(shown.values(), key=len)[:3]
    body = {"date": f"{restated.day}T15:00:00.000Z"}
    await stand_in.control("POST", f"/transactions/{restated.pluggy_id}/restate", body, applyNow=True)
    words = {"description": f"Mercado {changed.pluggy_id}"}
    await stand_in.control("PATCH", f"/transactions/{changed.pluggy_id}", words, applyNow=True)
    await stand_in.control("POST", "/transactions/remove", {"ids": [removed.pluggy_id]}, applyNow=True)


async def test_a_rate_limit_in_the_middle_puts_the_run_off_and_counts_no_attempt(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R9, R38: the pause is shared, and the run goes on where it stopped once it is over."""
    connection = await connect(resources, runner, stand_in, owner_id, user=SMALL)
    await stand_in.run_item(connection.item_id, days=20)
    await forget_deep_reads(resources, owner_id)
    limit = {"kind": "rate_limit", "path": PAGES, "seconds": 60, "skip": 1, "remaining": 1}
    await stand_in.control("POST", "/faults", limit)
    run_id = await queue_sync(resources, connection)

    impatient = replace(resources, pluggy=resources.pluggy.for_lane(Lane.USER))  # else it waits for the minute's end
    await Runner(impatient).settle()
    waiting = await get_run(resources, owner_id, run_id)
    async with transaction(resources.sessions, None) as session:
        attempts = await session.scalar(text("SELECT attempts FROM owed_work WHERE kind = 'sync'"))
    await resources.redis.flushdb()  # the minute is over
    await due_now(resources)
    async with open_resources(resources.settings, statement_ms=10_000) as a_minute_later:
        await Runner(a_minute_later).settle()

    assert (waiting.error_code, waiting.finished_at, attempts) == ("rate_limited", None, 0)
    assert (await get_run(resources, owner_id, run_id)).status == "succeeded"
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


def test_a_storm_of_duplicated_and_shuffled_webhooks_changes_nothing_but_what_happened(
    server_urls: ServerUrls, database_name: str, valkey_url: str
) -> None:
    """R2, R4, R16, R21, R78"""
    with World(its_own_settings(server_urls, database_name, valkey_url)) as world:
        world.run(storm(world))


async def storm(world: World) -> None:
    """Thirty copies of each event, in any order, while the bank changes rows."""
    await world.begin(page_size=500)
    for kind in ("duplicate", "shuffle"):
        await world.bank.control("POST", "/webhook-rules", {"kind": kind, "event": "*", "copies": 30})
    for _ in range(3):
        await something_changes(world.bank, world.connection)
        await world.bank.control("POST", "/clock", {"seconds": 1})
        await world.worker.drain_all()
    await world.bank.control("DELETE", "/webhook-rules")
    await world.rest()

    run = await world.sync(whole=False)

    assert (run.status, run.inserted, run.updated, run.removed) == ("succeeded", 0, 0, 0)  # the events had told all
    await assert_sound(world.resources, world.bank, world.owner_id, world.connection, replica=Replica())
