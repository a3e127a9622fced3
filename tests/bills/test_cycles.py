"""Which months of a card have no closed bill yet, and when they close."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from app.bills.cycles import open_cycles
from app.bills.models import Bill
from app.ids import new_id

TODAY = date(2026, 3, 20)


def bill(due: date, closing: date | None) -> Bill:
    return Bill(id=new_id(), pluggy_id=uuid4(), due_date=due, closing_date=closing, total_amount=Decimal(1))


def days(bills: Sequence[Bill], **told: date | None) -> list[tuple[str, str, str | None]]:
    cycles = open_cycles(bills, **{"closes": None, "due": None, **told}, today=TODAY)
    return [
        (f"{each.opened_on:%m-%d}", f"{each.closes_on:%m-%d}", f"{each.due_on:%m-%d}" if each.due_on else None)
        for each in cycles
    ]


@pytest.mark.parametrize(
    ("closing", "due", "expected"),
    [
        (date(2026, 3, 3), date(2026, 3, 10), [("03-03", "04-03", "04-10")]),
        (date(2026, 3, 20), date(2026, 3, 27), [("03-20", "04-20", "04-27")]),  # bought on the closing day: the next
        (date(2026, 2, 25), date(2026, 3, 5), [("02-25", "03-25", "04-05")]),  # due in the month after it closes
        (None, date(2026, 3, 25), [("03-15", "04-15", "04-25")]),
        (date(2026, 1, 31), date(2026, 2, 10), [("01-31", "02-28", "03-10"), ("02-28", "03-31", "04-10")]),
    ],
)
def test_a_card_goes_on_closing_on_the_day_on_which_it_closed(
    closing: date | None, due: date, expected: list[tuple[str, str, str]]
) -> None:
    assert days([bill(due, closing)]) == expected


def test_a_bill_that_the_bank_lists_while_it_is_open_says_its_days() -> None:
    listed = bill(date(2026, 4, 12), date(2026, 4, 5))

    both = open_cycles([bill(date(2026, 3, 10), date(2026, 3, 3)), listed], closes=None, due=None, today=TODAY)
    alone = days([listed])

    assert [(each.opened_on, each.closes_on, each.bill) for each in both] == [
        (date(2026, 3, 3), date(2026, 4, 5), listed)
    ]
    assert alone == [("03-05", "04-05", "04-12")]


@pytest.mark.parametrize(
    ("closes", "due", "expected"),
    [
        (date(2026, 4, 1), date(2026, 4, 8), [("03-01", "04-01", "04-08")]),
        (date(2026, 3, 1), date(2026, 3, 8), [("03-01", "04-01", "04-08")]),  # the days of the last one
        (date(2025, 11, 25), None, [("02-25", "03-25", None)]),
        (None, date(2026, 4, 8), [("02-28", "03-29", "04-08")]),
        (None, None, []),
    ],
)
def test_without_a_bill_the_account_tells_or_nobody_does(
    closes: date | None, due: date | None, expected: list[tuple[str, str, str | None]]
) -> None:
    assert days([], closes=closes, due=due) == expected
