"""A household with two banks: what the stand-in planted is found, and its decoys are not."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.charges.models import BankCharge
from app.database import transaction
from app.installments.models import Installment
from app.links.models import TransactionLink
from app.recurring.models import RecurringSeries
from app.resources import Resources
from tests.derived.truth import HOME, SECOND_BANK, connect_banks, facts, pluggy_ids
from tests.stand_in import StandIn
from worker.job import Runner


async def rows(resources: Resources, owner_id: UUID, table: Any) -> list[Any]:
    async with transaction(resources.sessions, owner_id) as session:
        return list(await session.scalars(select(table)))


async def test_the_meaning_of_a_household_is_what_was_planted(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    await connect_banks(resources, runner, stand_in, owner_id, HOME, SECOND_BANK)

    planted, ours = await facts(stand_in), await pluggy_ids(resources, owner_id)
    links = await rows(resources, owner_id, TransactionLink)

    def pairs(kind: str) -> set[tuple[str, str]]:
        return {(ours[link.transaction_id], ours[link.other_id]) for link in links if link.kind == kind}

    assert pairs("own_account_transfer") == {(each["debitId"], each["creditId"]) for each in planted["transfers"]}
    assert pairs("card_payment") == {(each["debitId"], each["creditId"]) for each in planted["card_payments"]}
    assert pairs("iof") == {(each["purchaseId"], each["taxId"]) for each in planted["iof"]}
    assert {frozenset(pair) for pair in pairs("duplicate")} == {
        frozenset(each["transactionIds"]) for each in planted["duplicates"]
    }
    charges = {ours[charge.transaction_id] for charge in await rows(resources, owner_id, BankCharge)}
    assert charges == {each["transactionId"] for each in planted["fees"]}
    plans: dict[UUID, set[str]] = {}
    for part in await rows(resources, owner_id, Installment):
        if part.transaction_id:
            plans.setdefault(part.plan_id, set()).add(ours[part.transaction_id])
    assert {frozenset(each) for each in plans.values()} == {
        frozenset(each["transactionIds"]) for each in planted["installments"]
    }
    series = await rows(resources, owner_id, RecurringSeries)
    monthly = [each for each in series if each.cadence == "monthly"]  # a history may show a card's fee of three years
    assert {frozenset(ours[row_id] for row_id in each.transaction_ids) for each in monthly} == {
        frozenset(each["transactionIds"]) for each in planted["recurring"]
    }
