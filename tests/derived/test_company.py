"""A company: what the stand-in planted is found, and nothing of it outlives the connection."""

from uuid import UUID

import httpx
from sqlalchemy import text

from app.charges.models import BankCharge
from app.database import transaction
from app.links.models import TransactionLink
from app.recurring.models import RecurringSeries
from app.resources import Resources
from tests.derived.test_planted_facts import rows
from tests.derived.truth import FIRM, connect_banks, facts, pluggy_ids
from tests.stand_in import StandIn
from worker.job import Runner

DERIVED = ("counterparties", "transaction_links", "recurring_series", "installment_plans", "installments",
    "bank_charges", "insights")  # fmt: skip


async def test_the_meaning_of_a_company_is_what_was_planted_and_goes_with_its_connection(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, client: httpx.AsyncClient
) -> None:
    """R35"""
    await connect_banks(resources, runner, stand_in, owner_id, FIRM)
    planted, ours = await facts(stand_in), await pluggy_ids(resources, owner_id)
    links = await rows(resources, owner_id, TransactionLink)
    charges = {ours[charge.transaction_id] for charge in await rows(resources, owner_id, BankCharge)}
    series = await rows(resources, owner_id, RecurringSeries)

    (connection,) = (await client.get("/api/banking/connections/")).json()["results"]
    answer = await client.delete(f"/api/banking/connections/{connection['id']}/")

    assert {(ours[each.transaction_id], ours[each.other_id]) for each in links if each.kind == "card_payment"} == {
        (each["debitId"], each["creditId"]) for each in planted["card_payments"]
    }
    assert charges == {each["transactionId"] for each in planted["fees"]} != set()
    monthly = [each for each in series if each.cadence == "monthly"]  # a history may show a card's fee of three years
    assert {frozenset(ours[row_id] for row_id in each.transaction_ids) for each in monthly} == {
        frozenset(each["transactionIds"]) for each in planted["recurring"]
    }
    assert series
    assert answer.status_code == 202
    async with transaction(resources.sessions, owner_id) as session:
        left = {table: await session.scalar(text(f"SELECT count(*) FROM {table}")) for table in DERIVED}
    assert left == dict.fromkeys(DERIVED, 0)
