"""The planted facts are there, are what their definitions say, and nothing else looks like them."""

import re
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.sandbox.ledger.ledgers import COMPANY, decoded, open_item, opened
from tests.sandbox.ledger.slips import digits_of

SEEDS = ("one", "two", "three", "four")


class World:
    """Two banks of one person and a company, with every row as the API shows it."""

    def __init__(self, seed: str) -> None:
        with opened(seed=seed) as ledger:
            open_item(ledger, "home", holder="ana")
            open_item(ledger, "second bank", holder="ana", institution="Banco Dois")
            open_item(ledger, "firm", profile=COMPANY, holder="firma")
            self.facts: dict[str, list[dict[str, Any]]] = ledger.truth()["facts"]
            accounts = [account for item in ("home", "second bank", "firm") for account in ledger.accounts(item)]
            self.types = {account.id: account.type for account in accounts}
            rows = [row for account in accounts for row in ledger.transactions(account.id, limit=100_000)]
        self.rows: dict[str, dict[str, Any]] = {row.id: decoded(row) for row in rows}

    def ids(self, fact: str) -> set[str]:
        """All rows of a list of facts."""
        return {each for group in self.facts[fact] for each in group["transactionIds"]}

    def marked(self) -> set[str]:
        """Rows of facts that recur by nature."""
        pairs = (*self.facts["transfers"], *self.facts["card_payments"])
        paired = {each for pair in pairs for each in (pair["debitId"], pair["creditId"])}
        single = {each["transactionId"] for name in ("investment_sweeps", "fees") for each in self.facts[name]}
        return paired | single | self.ids("recurring") | self.ids("installments")


@pytest.fixture(scope="module", params=SEEDS)
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def _moment(row: dict[str, Any]) -> datetime | None:
    card = row["creditCardMetadata"] or {}
    text = card.get("transactionDateTime") or row["date"]
    return None if text[11:] in ("00:00:00.000Z", "03:00:00.000Z") else datetime.fromisoformat(text)


def _own(row: dict[str, Any]) -> bool:
    payment = row["paymentData"]
    if not payment or not payment["payer"] or not payment["receiver"]:
        return False
    documents = {digits_of(payment[side]["documentNumber"]["value"]) for side in ("payer", "receiver")}
    return len(documents) == 1


def test_each_kind_of_fact_and_decoy_is_planted(world: World) -> None:
    kinds = {
        "installments",
        "transfers",
        "unpaired_transfers",
        "card_payments",
        "recurring",
        "duplicates",
        "fees",
        "iof",
    }

    assert all(len(world.facts[kind]) >= 5 for kind in kinds)
    assert {decoy["decoyOf"] for decoy in world.facts["decoys"]} == {"transfers", "duplicates", "fees", "price_rises"}


def test_facts_name_rows_on_show_and_each_row_once_a_kind(world: World) -> None:
    for kind in ("installments", "recurring", "duplicates"):
        ids = [each for group in world.facts[kind] for each in group["transactionIds"]]
        assert len(ids) == len(set(ids))
        assert set(ids) <= world.rows.keys()
    fees = [fee["transactionId"] for fee in world.facts["fees"]]
    assert len(fees) == len(set(fees))


def test_own_transfers_are_exactly_the_rows_between_equal_documents(world: World) -> None:
    paired = {pair[side] for pair in world.facts["transfers"] for side in ("debitId", "creditId")}
    unpaired = {single["transactionId"] for single in world.facts["unpaired_transfers"]}

    assert {each for each, row in world.rows.items() if _own(row)} == paired | unpaired
    for pair in world.facts["transfers"]:
        debit, credit = world.rows[pair["debitId"]], world.rows[pair["creditId"]]
        assert debit["amount"] == -credit["amount"] < 0
        assert debit["accountId"] != credit["accountId"]
        apart = datetime.fromisoformat(credit["date"]) - datetime.fromisoformat(debit["date"])
        assert abs(apart) <= timedelta(days=1)


def test_transfers_link_two_banks_and_two_accounts_of_one(world: World) -> None:
    descriptions = {world.rows[pair["debitId"]]["description"].split()[0] for pair in world.facts["transfers"]}

    assert descriptions == {"Pix", "TED", "Transferência"}


def test_decoys_of_transfers_are_equal_amounts_on_one_day_between_strangers(world: World) -> None:
    decoys = [decoy for decoy in world.facts["decoys"] if decoy["decoyOf"] == "transfers"]
    both = [
        [world.rows[each] for each in decoy["transactionIds"]] for decoy in decoys if len(decoy["transactionIds"]) == 2
    ]

    assert len(both) >= 10
    for one, other in both:
        assert one["amount"] == -other["amount"]
        assert one["accountId"] != other["accountId"]
        assert not _own(one)
        assert not _own(other)


def test_card_payments_pair_equal_amounts(world: World) -> None:
    for pair in world.facts["card_payments"]:
        debit, credit = world.rows[pair["debitId"]], world.rows[pair["creditId"]]
        assert world.types[debit["accountId"]] == "BANK"
        assert world.types[credit["accountId"]] == "CREDIT"
        assert debit["amount"] == credit["amount"] < 0
        assert (debit["type"], credit["type"]) == ("DEBIT", "CREDIT")


def test_instalments_are_exactly_the_rows_that_say_so_in_text_or_numbers(world: World) -> None:
    by_text = {each for each, row in world.rows.items() if re.search(r" \d\d/\d\d$", row["description"])}
    by_number = {
        each for each, row in world.rows.items() if (card := row["creditCardMetadata"]) and card["totalInstallments"]
    }

    assert by_text
    assert by_number
    assert by_text.isdisjoint(by_number)
    assert by_text | by_number == world.ids("installments")
    for plan in world.facts["installments"]:
        assert plan["parts"] == sorted(set(plan["parts"]))
        assert len(plan["parts"]) == len(plan["transactionIds"]) <= plan["installments"]
        assert len({world.rows[each]["accountId"] for each in plan["transactionIds"]}) == 1


def test_complete_plans_add_up_to_their_purchase(world: World) -> None:
    complete = [plan for plan in world.facts["installments"] if len(plan["parts"]) == plan["installments"]]

    assert complete
    for plan in complete:
        cents = sum(round(world.rows[each]["amount"] * 100) for each in plan["transactionIds"])
        assert cents == round(float(plan["totalAmount"]) * 100)


def test_duplicates_are_exactly_equal_rows_within_two_minutes(world: World) -> None:
    groups = defaultdict(list)
    for row in world.rows.values():
        groups[row["accountId"], row["description"], row["amount"]].append(row)
    close = set()
    for rows in groups.values():
        timed = sorted((moment, row["id"]) for row in rows if (moment := _moment(row)))
        for (one, first), (other, second) in pairwise(timed):
            if other - one <= timedelta(minutes=2):
                close |= {first, second}

    assert close == world.ids("duplicates")
    assert all(len(group["transactionIds"]) == 2 for group in world.facts["duplicates"])


def test_decoys_of_duplicates_are_hours_apart(world: World) -> None:
    decoys = [decoy for decoy in world.facts["decoys"] if decoy["decoyOf"] == "duplicates"]

    assert len(decoys) >= 5
    for decoy in decoys:
        one, other = (world.rows[each] for each in decoy["transactionIds"])
        first, second = _moment(one), _moment(other)
        assert first is not None
        assert second is not None
        assert (one["amount"], one["description"]) == (other["amount"], other["description"])
        assert abs(second - first) >= timedelta(hours=3)


def test_fees_are_exactly_the_charged_rows_of_fee_interest_and_iof_categories(world: World) -> None:
    charged = {
        each
        for each, row in world.rows.items()
        if row["type"] == "DEBIT"
        and (row["categoryId"] or "")[:4] in ("1600", "1601", "1602", "1603", "1503", "0201", "0202")
    }

    assert {fee["transactionId"] for fee in world.facts["fees"]} == charged
    kinds = {fee["kind"] for fee in world.facts["fees"]}
    assert {"iof", "annual"} <= kinds


def test_iof_rows_name_their_purchase_in_dollars(world: World) -> None:
    abroad = {each for each, row in world.rows.items() if row["currencyCode"] == "USD"}

    assert {pair["purchaseId"] for pair in world.facts["iof"]} == abroad
    for pair in world.facts["iof"]:
        purchase, tax = world.rows[pair["purchaseId"]], world.rows[pair["taxId"]]
        assert tax["description"].startswith("IOF")
        assert 0.03 < tax["amount"] / purchase["amountInAccountCurrency"] < 0.05
        assert tax["date"][:10] in (purchase["date"][:10], _day_before(purchase["date"]))


def _day_before(text: str) -> str:
    return (datetime.fromisoformat(text) - timedelta(days=1)).isoformat()[:10]


def test_recurring_series_come_once_a_month_at_a_steady_price(world: World) -> None:
    for series in world.facts["recurring"]:
        rows = [world.rows[each] for each in series["transactionIds"]]
        dates = [datetime.fromisoformat(row["date"]) for row in rows]
        assert all(20 <= (after - before).days <= 42 for before, after in pairwise(dates)), series["key"]
        amounts = [abs(row["amount"]) for row in rows]
        if series["varies"]:
            assert len(set(amounts)) > len(amounts) // 2
            assert series["priceRises"] == []
        else:
            assert amounts == sorted(amounts)
            assert len(set(amounts)) == len(series["priceRises"]) + 1 <= 4, series["key"]


def test_subscriptions_rise_in_price(world: World) -> None:
    rising = [
        series for series in world.facts["recurring"] if series["kind"] == "subscription" and series["priceRises"]
    ]

    assert len(rising) >= 5
    for rise in (rise for series in rising for rise in series["priceRises"]):
        assert 1.03 < float(rise["after"]) / float(rise["before"]) < 1.25


def test_salaries_come_on_business_days(world: World) -> None:
    days = [
        datetime.fromisoformat(world.rows[each]["date"])
        for series in world.facts["recurring"]
        if series["kind"] == "salary"
        for each in series["transactionIds"]
    ]

    assert len(days) >= 23
    assert all(day.weekday() < 5 and 5 <= day.day <= 12 for day in days)


def test_nothing_else_recurs_monthly_at_a_steady_price(world: World) -> None:
    """The list is complete: a finder of series has no true one to be blamed for."""
    groups = defaultdict(list)
    marked = world.marked()
    for each, row in world.rows.items():
        if each not in marked:
            groups[row["accountId"], row["description"]].append(row)
    for key, rows in groups.items():
        months = [row["date"][:7] for row in rows]
        amounts = [abs(row["amount"]) for row in rows]
        steady = max(amounts) < 1.1 * min(amounts)
        assert not (
            steady and len(rows) >= 3 and len(set(months)) == len(months) and len(rows) >= len(set(months)) > 5
        ), key
