"""What banks do to rows already read: change, post, restate, remove, bring back; and what becomes of ours."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import exists, select, text, update
from sqlalchemy.orm import aliased

from app.accounts.models import Account
from app.connections.errors import ConnectionFenced
from app.connections.models import BankConnection
from app.connections.service import hold_fence
from app.database import transaction
from app.resources import Resources
from app.sync import service
from app.transactions.models import Finding, Transaction, TransactionRevision
from tests.stand_in import StandIn, assert_equal_to_truth, held
from tests.sync.invariants import violations
from tests.sync.support import connect, queue_sync, sync
from tests.sync.test_faults import forget_deep_reads
from worker.job import Runner

ARGUMENTS = 32_767
"""As many as PostgreSQL takes with one statement."""


async def newest(resources: Resources, owner_id: UUID) -> list[Transaction]:
    """The newest posted row of an account that no other row resembles."""
    twin = aliased(Transaction)
    resembles = exists().where(
        twin.account_id == Transaction.account_id,
        twin.amount == Transaction.amount,
        twin.description == Transaction.description,
        twin.id != Transaction.id,
    )
    statement = (
        select(Transaction)
        .join(Account, Account.id == Transaction.account_id)
        .where(Account.type == "BANK", Transaction.status == "POSTED", ~resembles)
        .order_by(Account.pluggy_id, Transaction.date.desc(), Transaction.id)
        .limit(1)
    )
    async with transaction(resources.sessions, owner_id) as session:
        return list((await session.execute(statement)).scalars())


async def row(resources: Resources, owner_id: UUID, row_id: UUID) -> Transaction:
    async with transaction(resources.sessions, owner_id) as session:
        return (await session.execute(select(Transaction).where(Transaction.id == row_id))).scalar_one()


DECIDED = {"note": "jantar da Lúcia", "user_tags": ["família"], "user_category_id": "11010000"}


async def annotate(resources: Resources, owner_id: UUID, row_id: UUID) -> None:
    async with transaction(resources.sessions, owner_id) as session:
        await session.execute(update(Transaction).where(Transaction.id == row_id).values(**DECIDED))


async def tell(resources: Resources, connection: BankConnection, account_id: UUID, *pluggy_ids: UUID) -> None:
    """What a webhook about updated or deleted rows leaves behind."""
    async with transaction(resources.sessions, connection.owner_id) as session:
        account = (await session.execute(select(Account).where(Account.id == account_id))).scalar_one()
        await service.note_hints(session, connection.owner_id, connection.id, account.pluggy_id, pluggy_ids)


async def revisions(resources: Resources, owner_id: UUID, row_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    async with transaction(resources.sessions, owner_id) as session:
        found = select(TransactionRevision).where(TransactionRevision.transaction_id == row_id)
        rows = (await session.execute(found.order_by(TransactionRevision.id))).scalars()
        return [(each.kind, each.changes) for each in rows]


async def test_a_row_changed_in_place_is_one_revision_and_nothing_else(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await stand_in.control("PATCH", f"/transactions/{target.pluggy_id}", {"description": "Padaria Açaí"}, applyNow=True)
    await tell(resources, connection, target.account_id, target.pluggy_id)

    run = await sync(resources, runner, connection)

    assert (run.inserted, run.updated, run.removed) == (0, 1, 0)
    assert await revisions(resources, owner_id, target.id) == [
        ("modified", {"description": [target.description, "Padaria Açaí"]})
    ]
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_row_that_pluggy_deleted_becomes_a_tombstone(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R23, R24"""
    connection = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await stand_in.control("POST", "/transactions/remove", {"ids": [str(target.pluggy_id)]}, applyNow=True)
    await tell(resources, connection, target.account_id, target.pluggy_id)

    run = await sync(resources, runner, connection)

    assert (run.status, run.removed) == ("succeeded", 1)
    assert (await row(resources, owner_id, target.id)).removed_at is not None
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_row_said_to_be_deleted_that_pluggy_still_has_stays(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R21, R24: the word of a webhook is a hint."""
    connection = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await tell(resources, connection, target.account_id, target.pluggy_id)

    run = await sync(resources, runner, connection)

    assert (run.status, run.removed) == ("succeeded", 0)
    assert (await row(resources, owner_id, target.id)).removed_at is None


async def test_more_rows_may_be_named_than_a_statement_takes_arguments(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R24: Pluggy tells of 400 rows an event, and of a whole history that it sorted anew in some hundred events."""
    connection = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await stand_in.control("POST", "/transactions/remove", {"ids": [str(target.pluggy_id)]}, applyNow=True)
    await tell(resources, connection, target.account_id, target.pluggy_id, *(uuid4() for _ in range(ARGUMENTS)))

    run = await sync(resources, runner, connection)

    async with transaction(resources.sessions, owner_id) as session:
        left = await session.scalar(text("SELECT count(*) FROM sync_hints"))
    assert (run.status, run.removed, left) == ("succeeded", 1, 0)


async def test_a_deletion_that_nobody_told_us_of_is_found_by_a_whole_reading(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R25"""
    connection = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await stand_in.control("POST", "/transactions/remove", {"ids": [str(target.pluggy_id)]}, applyNow=True)
    incremental = await sync(resources, runner, connection)
    await forget_deep_reads(resources, owner_id)

    whole = await sync(resources, runner, connection)

    assert (incremental.removed, whole.removed) == (0, 1)
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_row_that_comes_back_is_the_same_row(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await annotate(resources, owner_id, target.id)
    for verb in ("remove", "restore"):
        await stand_in.control("POST", f"/transactions/{verb}", {"ids": [str(target.pluggy_id)]}, applyNow=True)
        await tell(resources, connection, target.account_id, target.pluggy_id)
        await sync(resources, runner, connection)

    back = await row(resources, owner_id, target.id)

    assert (back.removed_at, back.note) == (None, "jantar da Lúcia")
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_restated_row_keeps_its_id_and_what_the_person_wrote(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R32"""
    connection = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await annotate(resources, owner_id, target.id)
    day_before = f"{target.date - timedelta(days=1)}T03:00:00.000Z"
    answer = await stand_in.control(
        "POST", f"/transactions/{target.pluggy_id}/restate", {"date": day_before}, applyNow=True
    )
    await tell(resources, connection, target.account_id, target.pluggy_id)

    run = await sync(resources, runner, connection)

    kept = await row(resources, owner_id, target.id)
    assert str(kept.pluggy_id) in answer["ids"]
    assert kept.pluggy_id != target.pluggy_id
    assert (kept.note, kept.tags, kept.removed_at) == ("jantar da Lúcia", ["família"], None)
    assert (kept.category_id, kept.category_source) == ("11010000", "user")
    assert (run.inserted, run.updated, run.removed) == (0, 1, 0)
    assert run.fetched == run.inserted + run.updated + run.unchanged + run.quarantined
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_much_that_vanishes_at_once_is_flagged_and_kept(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R26"""
    connection = await connect(resources, runner, stand_in, owner_id)
    async with transaction(resources.sessions, owner_id) as session:
        counted = await session.execute(
            text("SELECT account_id, count(*) FROM transactions GROUP BY 1 HAVING count(*) > 100 LIMIT 1")
        )
        account_id, count = counted.one()
        ids = await session.execute(
            select(Transaction.pluggy_id).where(Transaction.account_id == account_id).limit(int(count * 0.3))
        )
        gone = [str(each) for each in ids.scalars()]
    before = await held(resources.sessions, owner_id, connection.id)
    await stand_in.control("POST", "/transactions/remove", {"ids": gone}, applyNow=True)
    await forget_deep_reads(resources, owner_id)

    run = await sync(resources, runner, connection)

    assert run.status == "partial"
    assert "suspicious_removal" in {warning["code"] for warning in run.warnings}
    assert await held(resources.sessions, owner_id, connection.id) == before
    async with transaction(resources.sessions, owner_id) as session:
        [finding] = (await session.execute(select(Finding).where(Finding.kind == "suspicious_removal"))).scalars()
    assert finding.details["absent"] == len(gone)


@pytest.mark.parametrize("deleted_first", [True, False], ids=["after it was deleted", "while the other is live"])
async def test_a_bank_account_that_returns_under_a_new_item_keeps_its_history(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, deleted_first: bool
) -> None:
    """R32, R33"""
    first = await connect(resources, runner, stand_in, owner_id)
    [target] = await newest(resources, owner_id)
    await annotate(resources, owner_id, target.id)
    rows_before = sum(map(len, (await held(resources.sessions, owner_id, first.id)).values()))
    if deleted_first:
        await stand_in.api("DELETE", f"/items/{first.item_id}")
        await sync(resources, runner, first)

    second = await connect(resources, runner, stand_in, owner_id)

    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, second)
    kept = await row(resources, owner_id, target.id)
    assert kept.note == "jantar da Lúcia"
    assert ("modified", {"pluggy_id": [str(target.pluggy_id), str(kept.pluggy_id)]}) in (
        await revisions(resources, owner_id, target.id)
    )
    assert kept.change_number > target.change_number  # a client that follows the feed learns the id
    async with transaction(resources.sessions, owner_id) as session:
        live = await session.execute(text("SELECT count(*) FROM transactions WHERE removed_at IS NULL"))
        assert live.scalar_one() == rows_before
    if not deleted_first:
        again = await sync(resources, runner, first)
        assert {warning["code"] for warning in again.warnings} == {"account_moved"}
        await assert_equal_to_truth(stand_in, resources.sessions, owner_id, second)


async def test_a_row_removed_before_its_account_was_taken_over_stays_apart_from_rows_like_it(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R20, R32: the connections count their reads each from one; what one removed, the other did not."""
    first = await connect(resources, runner, stand_in, owner_id)
    [gone] = await newest(resources, owner_id)
    await stand_in.control("POST", "/transactions/remove", {"ids": [str(gone.pluggy_id)]}, applyNow=True)
    await tell(resources, first, gone.account_id, gone.pluggy_id)
    await sync(resources, runner, first)
    await add_like(resources, stand_in, gone)
    await sync(resources, runner, first)
    second = await connect(resources, runner, stand_in, owner_id)

    await sync(resources, runner, second)

    assert (await row(resources, owner_id, gone.id)).removed_at is not None
    assert await violations(resources, owner_id) == []


async def test_a_run_under_way_when_its_account_moves_to_a_new_item_writes_no_more(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R17, R33: its rows would double those that the new item brings."""
    first = await connect(resources, runner, stand_in, owner_id)
    run_id = await queue_sync(resources, first)
    async with transaction(resources.sessions, owner_id) as session:
        late = await service.claim(session, owner_id, run_id, patience_seconds=60)
        await session.execute(text("UPDATE owed_work SET due_at = 'tomorrow' WHERE kind = 'sync'"))  # it is held
    assert late is not None

    await connect(resources, runner, stand_in, owner_id)

    async with transaction(resources.sessions, owner_id) as session:
        with pytest.raises(ConnectionFenced):
            await hold_fence(session, owner_id, first.id, late.fence)


async def add_like(resources: Resources, stand_in: StandIn, model: Transaction, *, days: int = 0) -> None:
    """The bank books what looks like this row once more, so many days later, and shows it at once."""
    async with transaction(resources.sessions, model.owner_id) as session:
        account = (await session.execute(select(Account).where(Account.id == model.account_id))).scalar_one()
    twin = {
        "date": f"{model.date + timedelta(days=days)}T12:00:00.000Z",
        "description": model.description,
        "amount": str(model.amount_raw),
        "type": model.type,
    }
    await stand_in.control("POST", f"/accounts/{account.pluggy_id}/transactions", {"rows": [twin]}, applyNow=True)


async def test_an_account_that_lists_no_row_any_more_keeps_all_of_its_rows(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R26: however few they are, an empty answer is no proof."""
    connection = await connect(resources, runner, stand_in, owner_id, user="user-ok-small")
    before = await held(resources.sessions, owner_id, connection.id)
    few = min(before.values(), key=len)
    await stand_in.control("POST", "/transactions/remove", {"ids": [each.pluggy_id for each in few]}, applyNow=True)
    await forget_deep_reads(resources, owner_id)

    run = await sync(resources, runner, connection)

    assert (run.status, run.removed) == ("partial", 0)
    assert [warning["code"] for warning in run.warnings] == ["empty_answer"]
    assert await held(resources.sessions, owner_id, connection.id) == before


async def test_a_row_dated_ahead_hides_none_that_the_bank_books_later(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R27: what is new is told by when Pluggy took it in, not by its date."""
    connection = await connect(resources, runner, stand_in, owner_id, user="user-ok-small")
    [some] = await newest(resources, owner_id)
    await add_like(resources, stand_in, some, days=60)
    await sync(resources, runner, connection)
    await add_like(resources, stand_in, some, days=-20)

    run = await sync(resources, runner, connection)

    assert run.inserted == 1
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_list_without_accounts_removes_none(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R26: an empty answer is no proof."""
    connection = await connect(resources, runner, stand_in, owner_id)
    before = await held(resources.sessions, owner_id, connection.id)
    async with transaction(resources.sessions, owner_id) as session:
        await session.execute(text("UPDATE accounts SET pluggy_id = gen_random_uuid(), number_hash = NULL"))

    run = await sync(resources, runner, connection)

    assert "account_unlisted" in {warning["code"] for warning in run.warnings}
    after = await held(resources.sessions, owner_id, connection.id)
    assert sum(map(len, after.values())) == 2 * sum(map(len, before.values()))
