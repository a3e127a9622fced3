"""The demo's comparer: equal ledgers pass, one centavo does not."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sandbox.stack.compare import Ledger, Row, differences, row_of_bank, row_of_service


def ledger(**accounts: list[tuple[str, str, str]]) -> Ledger:
    return {
        account: [Row(id_, date.fromisoformat(day), Decimal(amount)) for id_, day, amount in rows]
        for account, rows in accounts.items()
    }


TRUTH = ledger(
    checking=[("a", "2026-01-05", "-12.3400"), ("b", "2026-01-06", "5000.0000")], card=[("c", "2026-01-07", "-1.0000")]
)


def test_equal_ledgers_have_no_differences_whatever_their_order() -> None:
    shown = {account: list(reversed(rows)) for account, rows in TRUTH.items()}

    assert differences(TRUTH, shown) == []


@pytest.mark.parametrize(
    ("checking", "complaint"),
    [
        ([("a", "2026-01-05", "-12.3500"), ("b", "2026-01-06", "5000.0000")], "sum 4987.6500 instead of 4987.6600"),
        ([("a", "2026-01-06", "-12.3400"), ("b", "2026-01-06", "5000.0000")], "lacks a of 2026-01-05 over -12.3400"),
        ([("b", "2026-01-06", "5000.0000")], "1 transactions instead of 2"),
        ([("a", "2026-01-05", "-12.3400")] * 2 + [("b", "2026-01-06", "5000.0000")], "which the bank has not"),
        ([("a", "2026-01-05", "5000.0000"), ("b", "2026-01-06", "-12.3400")], "has a of 2026-01-05 over 5000.0000"),
    ],
    ids=["one centavo", "another day", "a missing row", "a doubled row", "two amounts swapped"],
)
def test_a_departure_is_found(checking: list[tuple[str, str, str]], complaint: str) -> None:
    shown = {**TRUTH, **ledger(checking=checking)}

    found = differences(TRUTH, shown)

    assert any(complaint in difference for difference in found), found


def test_missing_and_foreign_accounts_are_found() -> None:
    shown = {"checking": TRUTH["checking"], "stranger": []}

    found = differences(TRUTH, shown)

    assert found == ["account card: missing", "account stranger: not at the bank"]


@dataclass
class Case:
    raw: dict[str, Any]
    account_type: str
    day: str
    amount: str


@pytest.mark.parametrize(
    "case",
    [
        Case({"amount": "-10.5", "type": "DEBIT", "date": "2026-03-01T00:00:00.000Z"}, "BANK", "2026-03-01", "-10.5"),
        Case({"amount": "10.5", "type": "DEBIT", "date": "2026-03-01T03:00:00.000Z"}, "CREDIT", "2026-03-01", "-10.5"),
        Case({"amount": "-10.5", "type": "CREDIT", "date": "2026-03-01T02:59:59.999Z"}, "CREDIT", "2026-02-28", "10.5"),
        Case({"amount": "7", "type": None, "date": "2026-03-01T00:00:00.001Z"}, "CREDIT", "2026-02-28", "-7"),
        Case(
            {"amount": "7", "type": "DEBIT", "amountInAccountCurrency": "39.12345", "date": "2026-03-01T00:00:00.000Z"},
            "CREDIT",
            "2026-03-01",
            "-39.1234",
        ),
    ],
    ids=["bank debit", "card purchase", "card refund late at night", "card row without type", "foreign purchase"],
)
def test_rows_of_the_bank_are_read_by_the_published_rules(case: Case) -> None:
    row = row_of_bank({"id": "a", **case.raw}, account_type=case.account_type)

    assert row == Row("a", date.fromisoformat(case.day), Decimal(case.amount))


def test_the_service_and_the_bank_agree_on_one_row() -> None:
    bank = row_of_bank(
        {"id": "a", "amount": "10.50", "type": "DEBIT", "date": "2026-03-01T03:00:00.000Z"}, account_type="CREDIT"
    )

    assert row_of_service({"pluggy_id": "a", "date": "2026-03-01", "amount": "-10.50"}) == bank
