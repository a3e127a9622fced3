"""Balances and bills are the sums of their rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from sandbox.ledger import Ledger, Profile
from tests.sandbox.ledger.ledgers import COMPANY, HOUSEHOLD, in_account_currency, later, movements, open_item, opened

DAYS = (1, 2, 3, 5, 9, 13, 14, 20, 31, 33, 45, 46, 61, 75, 90, 91, 120)


def check_balances(ledger: Ledger) -> int:
    """Every account's balance equals its opening balance and its rows; gives how many accounts that were."""
    accounts = [account for item in ledger.truth()["items"] for account in item["accounts"]]
    for account in accounts:
        shown = ledger.account(account["id"])
        assert shown is not None
        assert movements(account, shown.updated_at) == Decimal(account["balance"]) == shown.balance
    return len(accounts)


@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_balances_equal_the_movements_after_every_collection(seed: str) -> None:
    """R78: to the centavo, for a household at two banks and a company."""
    with opened(seed=seed) as ledger:
        items = [
            open_item(ledger, "home", profile=Profile(checking_accounts=2), holder="ana"),
            open_item(ledger, "second bank", holder="ana", institution="Banco Dois"),
            open_item(ledger, "firm", profile=COMPANY, holder="firma"),
        ]
        assert check_balances(ledger) == 6 + 5 + 2
        for day in DAYS:
            for item in items:
                ledger.collect(item, later(day + day / 31))
            check_balances(ledger)


def test_the_opening_balance_stays_what_it_was() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        before = [account["openingBalance"] for account in ledger.truth()["items"][0]["accounts"]]
        ledger.collect(item, later(70))

        assert [account["openingBalance"] for account in ledger.truth()["items"][0]["accounts"]] == before


def test_running_balances_follow_the_rows_of_their_month() -> None:
    """Banks that give a running balance give it on settled rows; in booking order each follows from the last."""
    with opened() as ledger:
        banks = 0
        for n in range(6):
            item = open_item(ledger, f"item-{n}", institution=f"Banco {n}")
            rows = [
                row for row in ledger.transactions(ledger.accounts(item)[0].id, limit=10_000) if row.balance is not None
            ]
            banks += bool(rows)
            assert all(row.status == "POSTED" for row in rows)
            balances = {row.balance - row.amount for row in rows if row.balance is not None}
            after = {row.balance for row in rows}
            # each balance but the first is where the next row begins; late rows may leave a gap at the end
            assert not rows or len(balances - after) <= 8

    assert 0 < banks < 6


@pytest.mark.parametrize("profile", [HOUSEHOLD, COMPANY])
def test_bills_equal_their_rows_and_are_paid_in_the_end(profile: Profile) -> None:
    with opened() as ledger:
        item = open_item(ledger, profile=profile)
        ledger.collect(item, later(60))
        cards = [account for account in ledger.truth()["items"][0]["accounts"] if account["type"] == "CREDIT"]
        parts = set()
        for card in cards:
            rows = {row["id"]: row for row in card["transactions"]}
            assert len(card["bills"]) >= 23
            for truth, bill in zip(card["bills"], ledger.bills(card["id"]), strict=True):
                total = sum((in_account_currency(rows[each]) for each in truth["transactionIds"]), Decimal())
                assert bill.id == truth["id"]
                assert bill.total_amount == Decimal(truth["totalAmount"]) == total
                assert ledger.bill(bill.id) == bill
                parts.add(len(bill.payments))
            settled = [bill for bill in card["bills"] if bill["dueDate"] < "2026-05-01"]
            assert all(bill["paidAmount"] == bill["totalAmount"] for bill in settled)

    assert parts >= {0, 1}


def test_no_row_stands_on_two_bills() -> None:
    with opened() as ledger:
        open_item(ledger)
        for account in ledger.truth()["items"][0]["accounts"]:
            on_bills = [each for bill in account["bills"] for each in bill["transactionIds"]]
            assert len(on_bills) == len(set(on_bills))


def test_bills_close_and_fall_due_in_order() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        for account in ledger.accounts(item):
            dues = [bill.due_date for bill in ledger.bills(account.id)]
            assert dues == sorted(dues, reverse=True)
            for newer, older in pairwise(ledger.bills(account.id)):
                if newer.bill_closing_date and older.bill_closing_date:
                    assert older.bill_closing_date < older.due_date
                    assert older.bill_closing_date < newer.bill_closing_date


def test_paying_late_puts_charges_on_the_next_bill() -> None:
    with opened() as ledger:
        bills = {}
        for n in range(4):
            item = open_item(ledger, f"item-{n}", holder=f"holder-{n}")
            for account in ledger.accounts(item):
                bills[account.id] = ledger.bills(account.id)
        late = 0
        for account_id, newest_first in bills.items():
            for newer, older in pairwise(newest_first):
                paid_late = any(payment.payment_date > older.due_date for payment in older.payments)
                if not newer.finance_charges:
                    continue
                late += 1
                assert paid_late
                amounts = {row.amount for row in ledger.transactions(account_id, bill_id=newer.id)}
                named = {charge.amount for charge in newer.finance_charges}
                assert named <= amounts or not amounts, "a bank that names bills shows the charges as rows"
                assert {charge.type for charge in newer.finance_charges} >= {"LATE_PAYMENT_FEE", "IOF"}
                assert {charge.credit_card_bill_id for charge in newer.finance_charges} == {newer.id}

    assert late >= 5


@pytest.mark.parametrize("year", [2000, 2009, 2021, 2030, 2037, 2100, 2199])
def test_a_clock_may_be_set_anywhere(year: int) -> None:
    with opened() as ledger:
        for profile in (HOUSEHOLD, COMPANY):
            start = datetime(year, 1, 3, 12, tzinfo=UTC)
            item = open_item(ledger, profile.name, profile=profile, at=start)
            for days in (30, 64, 300):
                ledger.collect(item, start + timedelta(days))
                check_balances(ledger)
            assert ledger.bills(ledger.accounts(item)[-1].id)
            assert ledger.identity(item)
            assert len(ledger.investments(item)) >= 4
            assert len(ledger.loans(item)) == (profile is HOUSEHOLD)
