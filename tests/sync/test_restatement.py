"""Restated rows whose two halves reach us in two runs, and rows that only look like one (R32)."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from app.database import transaction
from app.resources import Resources
from app.transactions.models import Transaction
from tests.stand_in import StandIn, assert_equal_to_truth
from tests.sync.invariants import violations
from tests.sync.support import connect, sync
from tests.sync.test_ledger_changes import add_like, annotate, newest, row, tell
from worker.job import Runner


async def test_a_restated_row_of_whose_deletion_we_hear_a_run_late_keeps_its_id_and_what_the_person_wrote(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R20, R32: two events tell of one visit of Pluggy's, and a run may come between them."""
    connection = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await annotate(resources, owner_id, target.id)
    day_before = {"date": f"{target.date - timedelta(days=1)}T03:00:00.000Z"}
    answer = await stand_in.control("POST", f"/transactions/{target.pluggy_id}/restate", day_before, applyNow=True)
    early = await sync(resources, runner, connection)
    async with transaction(resources.sessions, owner_id) as session:
        heir = await session.execute(select(Transaction.id).where(Transaction.pluggy_id == UUID(answer["ids"][0])))
        decided = update(Transaction).where(Transaction.id == heir.scalar_one())
        await session.execute(decided.values(note="foi em casa", user_ignored=True))
    await tell(resources, connection, target.account_id, target.pluggy_id)

    late = await sync(resources, runner, connection)

    kept = await row(resources, owner_id, target.id)
    assert ([str(kept.pluggy_id)], kept.removed_at) == (answer["ids"], None)
    assert (kept.note, kept.ignored) == ("foi em casa", True)  # said last, about what the bank shows now
    assert (kept.tags, kept.category_id, kept.category_source) == (["família"], "11010000", "user")
    assert (early.inserted, early.removed, late.inserted, late.removed) == (1, 0, 0, 1)
    async with transaction(resources.sessions, owner_id) as session:
        noted = await session.execute(select(Transaction.id).where(Transaction.note.is_not(None)))
        assert list(noted.scalars()) == [target.id]
    assert await violations(resources, owner_id) == []
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_row_that_came_with_the_restated_one_and_goes_with_the_old_one_keeps_nobody_apart(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R32: what was there beside a row is told for each pair, not for all that a run removed."""
    connection = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await annotate(resources, owner_id, target.id)
    await add_like(resources, stand_in, target, days=-17)
    day_before = {"date": f"{target.date - timedelta(days=1)}T03:00:00.000Z"}
    await stand_in.control("POST", f"/transactions/{target.pluggy_id}/restate", day_before, applyNow=True)
    await sync(resources, runner, connection)
    came = select(Transaction.pluggy_id).where(Transaction.date == target.date - timedelta(days=17))
    async with transaction(resources.sessions, owner_id) as session:
        other = (await session.execute(came.where(Transaction.description == target.description))).scalar_one()
    await stand_in.control("POST", "/transactions/remove", {"ids": [str(other)]}, applyNow=True)
    await tell(resources, connection, target.account_id, target.pluggy_id, other)

    await sync(resources, runner, connection)

    assert (await row(resources, owner_id, target.id)).removed_at is None
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_row_removed_beside_its_twin_of_the_same_reading_takes_nothing_from_it(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R32: two coffees are two rows, also when Pluggy takes one of them back soon after both were read."""
    connection = await connect(resources, runner, stand_in, owner_id)
    [some] = await newest(resources, owner_id)
    for days in (-31, -30):
        await add_like(resources, stand_in, some, days=days)
    await sync(resources, runner, connection)
    alike = select(Transaction).where(Transaction.description == some.description, Transaction.amount == some.amount)
    async with transaction(resources.sessions, owner_id) as session:
        _, gone, twin = (await session.execute(alike.order_by(Transaction.date.desc()))).scalars()
    await annotate(resources, owner_id, twin.id)
    await stand_in.control("POST", "/transactions/remove", {"ids": [str(gone.pluggy_id)]}, applyNow=True)
    await tell(resources, connection, gone.account_id, gone.pluggy_id)

    run = await sync(resources, runner, connection)

    assert (run.updated, run.removed) == (0, 1)
    assert (await row(resources, owner_id, gone.id)).removed_at is not None
    kept = await row(resources, owner_id, twin.id)
    assert (kept.pluggy_id, kept.removed_at, kept.note) == (twin.pluggy_id, None, "jantar da Lúcia")
