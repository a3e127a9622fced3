"""The months of a card between the closing of one bill and the next. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from app.bills.models import Bill
from app.bills.status import CLOSES_BEFORE_DUE
from app.installments.plans import add_months

_SAME_MONTH = timedelta(days=15)
"""How far from its usual day a bill may close and still be the bill of that month."""


class Cycle(NamedTuple):
    """Purchases from `opened_on` up to the day before `closes_on` are on its bill, which the bank may list already."""

    opened_on: date
    closes_on: date
    due_on: date | None
    bill: Bill | None


def open_cycles(bills: Sequence[Bill], *, closes: date | None, due: date | None, today: date) -> list[Cycle]:
    """Return the months after the last bill that the bank lists as closed, by day; the last one is open today.

    A card without bills, by due day here, has the open month alone, by the days that its account tells (`closes` and
    `due`); where it tells none, the months are unknown and the list is empty.
    """
    closed = [bill for bill in bills if closing_of(bill) <= today]
    ahead = [bill for bill in bills if closing_of(bill) > today]
    if closed:
        return _months(closing_of(closed[-1]), 0, closed[-1].due_date, ahead, today)
    if ahead:
        told, due = closing_of(ahead[0]), ahead[0].due_date
        return _months(told, _to_last(told, today), due, ahead, today)
    closes = closes or (due - CLOSES_BEFORE_DUE if due else None)
    return _months(closes, _to_last(closes, today), due, (), today) if closes else []


def closing_of(bill: Bill) -> date:
    """Return the day on which the bill closes, as the bank tells it or as banks mostly do."""
    return bill.closing_date or bill.due_date - CLOSES_BEFORE_DUE


def _to_last(closes: date, today: date) -> int:
    """Return how many months there are from a closing to the last one up to today, of a card that closes on such a day.

    Negative for a closing to come.
    """
    months = (today.year - closes.year) * 12 + today.month - closes.month
    return months if add_months(closes, months) <= today else months - 1


def _months(closing: date, first: int, due: date | None, ahead: Sequence[Bill], today: date) -> list[Cycle]:
    """Return the months of a card up to today; the first begins so many months after a closing."""
    cycles: list[Cycle] = []
    opened = add_months(closing, first)
    while opened <= today:
        closes = add_months(closing, first + len(cycles) + 1)
        bill = next((each for each in ahead if abs(closing_of(each) - closes) <= _SAME_MONTH), None)
        if bill is not None:
            closes = closing_of(bill)
        cycles.append(Cycle(opened, closes, bill.due_date if bill else _due_after(closes, due), bill))
        opened = closes
    return cycles


def _due_after(closes: date, due: date | None) -> date | None:
    """Return the first day after a closing on which bills of the card fall due."""
    if due is None:
        return None
    day = add_months(due, (closes.year - due.year) * 12 + closes.month - due.month)
    return day if day > closes else add_months(due, (closes.year - due.year) * 12 + closes.month - due.month + 1)
