"""How a bill stands on a day, without a database."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from app.bills.mapping import to_source
from app.bills.models import Bill
from app.bills.status import news_of, status_of
from app.pluggy.ledger_models import Bill as PluggyBill
from app.pluggy.wire import decode_as

CLOSING, DUE = date(2026, 3, 3), date(2026, 3, 10)  # a Tuesday each
DAY = timedelta(days=1)


def bill(**given: Any) -> Bill:
    columns = {
        "closing_date": CLOSING,
        "due_date": DUE,
        "total_amount": Decimal(100),
        "paid_amount": Decimal(0),
        "minimum_payment": Decimal(15),
        "is_paid_in_full": False,
    }
    return Bill(**{**columns, **given})


@pytest.mark.parametrize(
    ("day", "given", "status"),
    [
        (CLOSING - DAY, {}, "open"),
        (CLOSING - DAY, {"paid_amount": Decimal(100)}, "open"),
        (CLOSING, {}, "closed"),
        (DUE, {}, "closed"),
        (DUE, {"paid_amount": Decimal("99.98")}, "partly_paid"),
        (DUE, {"paid_amount": Decimal("99.9901")}, "paid"),
        (DUE, {"paid_amount": Decimal(120)}, "paid"),
        (DUE, {"paid_amount": Decimal(1), "is_paid_in_full": True}, "paid"),
        (DUE, {"total_amount": Decimal(-5)}, "paid"),
        (DUE + DAY, {}, "overdue"),
        (DUE + DAY, {"paid_amount": Decimal("14.99")}, "overdue"),
        (DUE + DAY, {"paid_amount": Decimal(15)}, "partly_paid"),
        (DUE + DAY, {"paid_amount": Decimal(15), "minimum_payment": None}, "overdue"),
        (DUE + DAY, {"paid_amount": None}, "closed"),
        (DUE + DAY, {"total_amount": None}, "closed"),
        (DUE - 11 * DAY, {"closing_date": None}, "open"),
        (DUE - 10 * DAY, {"closing_date": None}, "closed"),
    ],
)
def test_the_status_follows_from_days_and_payments(day: date, given: dict[str, Any], status: str) -> None:
    assert status_of(bill(**given), day) == status


@pytest.mark.parametrize("due", [date(2026, 3, 7), date(2026, 3, 8)], ids=["saturday", "sunday"])
def test_a_bill_due_at_a_weekend_is_in_time_on_monday(due: date) -> None:
    monday = date(2026, 3, 9)

    assert status_of(bill(due_date=due), monday) == "closed"
    assert status_of(bill(due_date=due), monday + DAY) == "overdue"


@pytest.mark.parametrize(
    ("day", "given", "news"),
    [
        (CLOSING - DAY, {}, []),
        (CLOSING, {}, ["closed"]),
        (DUE - 3 * DAY, {}, ["closed", "due_soon"]),
        (DUE, {"paid_amount": Decimal(1)}, ["closed", "due_soon"]),
        (DUE + DAY, {}, ["closed"]),
        (DUE, {"paid_amount": Decimal(100)}, ["closed", "paid"]),
    ],
)
def test_what_is_news_of_a_bill(day: date, given: dict[str, Any], news: list[str]) -> None:
    assert news_of(bill(**given), day) == news


def read(**given: Any) -> PluggyBill:
    raw = {"id": str(uuid4()), "dueDate": "2026-03-10T00:00:00", "totalAmount": 0, **given}
    return decode_as(msgspec.json.encode(raw), PluggyBill)


def test_days_are_the_banks_and_amounts_exact() -> None:
    """R29: a bill's instants come without a zone, or as 21:00 of the day before."""
    text = b"""{"id": "0d5c9f6e-1f1c-4b8e-9a3e-3a0e0c0f1a11", "dueDate": "2026-03-10T00:00:00",
        "billClosingDate": "2026-03-04T02:00:00.000Z",
        "totalAmount": 1834.90000000000001, "minimumPaymentAmount": 275.235,
        "payments": [{"amount": 0.1, "paymentDate": "2026-03-06"}, {"amount": 0.2},
                     {"amount": 9, "currencyCode": "USD"}],
        "financeCharges": [{"type": "IOF", "amount": 1.27}]}"""

    columns = to_source(decode_as(text, PluggyBill)).columns

    assert (columns["due_date"], columns["closing_date"]) == (date(2026, 3, 10), date(2026, 3, 3))
    assert (columns["total_amount"], columns["minimum_payment"]) == (Decimal("1834.9"), Decimal("275.235"))
    assert columns["paid_amount"] == Decimal("0.3")
    assert columns["payments"][0]["amount"] == "0.10"
    assert columns["payments"][0]["date"] == "2026-03-06"
    assert columns["finance_charges"][0]["amount"] == "1.27"


def test_no_list_of_payments_is_not_an_empty_one() -> None:
    assert to_source(read()).columns["paid_amount"] is None
    assert to_source(read(payments=[])).columns["paid_amount"] == 0


@pytest.mark.parametrize("given", [{"dueDate": None}, {"totalAmount": 1e16}])
def test_a_bill_that_cannot_be_held_is_refused(given: dict[str, Any]) -> None:
    """R28"""
    with pytest.raises(ValueError, match=r"due date|out of range"):
        to_source(read(**given))
