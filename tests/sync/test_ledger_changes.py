"""What banks do to rows already read: change, post, restate, remove, bring back; and what becomes of ours."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import exists, select, text, update
from sqlalchemy.orm import aliased

from app.accounts.models import Account
from app.connections.models import BankConnection
from app.database import transaction
from app.resources import Resources
from app.sync import service
from app.transactions.models import Finding, Transaction, TransactionRevision
from tests.stand_in import StandIn, assert_equal_to_truth, held
from tests.sync.support import connect, sync
from tests.sync.test_faults import forget_deep_reads
from worker.job import Runner


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
    assert (await row(resources, owner_id, target.id)).note == "jantar da Lúcia"
    async with transaction(resources.sessions, owner_id) as session:
        live = await session.execute(text("SELECT count(*) FROM transactions WHERE removed_at IS NULL"))
        assert live.scalar_one() == rows_before
    if not deleted_first:
        again = await sync(resources, runner, first)
        assert {warning["code"] for warning in again.warnings} == {"account_moved"}
        await assert_equal_to_truth(stand_in, resources.sessions, owner_id, second)


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
