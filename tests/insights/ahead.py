"""What the stand-in's truth says of what comes again, what instalments still take and what cards owe.

Worked out by rules of its own, as in `truth.py`.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from dateutil.easter import easter

from tests.insights.truth import BankRow, bank_rows, kinds, total

HOLIDAYS = ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25))
BEFORE_DUE = timedelta(days=10)
"""When a bill whose closing day the bank does not tell is held to have closed."""


class Series(NamedTuple):
    """A planted series; all of them come once a month."""

    kind: str
    rows: list[BankRow]
    varies: bool

    @property
    def last(self) -> BankRow:
        return self.rows[-1]

    @property
    def typical(self) -> Decimal:
        """The last amount, or the median of the last twelve where it differs each time."""
        if not self.varies:
            return self.last.amount
        middle = median(row.amount for row in self.rows[-12:])
        return middle.quantize(Decimal("0.0001"), ROUND_HALF_EVEN)

    @property
    def change(self) -> tuple[Decimal, date] | None:
        """The price before the last change of a steady one, and its day."""
        if self.varies:
            return None
        changes = [(before, row) for before, row in pairwise(self.rows) if before.amount != row.amount]
        return (changes[-1][0].amount, changes[-1][1].day) if changes else None


def series(truth: dict[str, Any]) -> dict[str, Series]:
    """The planted series by their keys, which stay the same from truth to truth."""
    rows = {row.id: row for row in bank_rows(truth)}
    return {
        fact["key"]: Series(fact["kind"], [rows[row_id] for row_id in fact["transactionIds"]], fact["varies"])
        for fact in truth["facts"]["recurring"]
    }


class Part(NamedTuple):
    """An instalment, money out below zero; `row` is None while the bank does not list it."""

    day: date
    amount: Decimal
    row: BankRow | None


class Plan(NamedTuple):
    """A purchase in instalments, in their order."""

    account_id: str
    bought: date
    parts: list[Part]

    @property
    def total(self) -> Decimal:
        return sum((part.amount for part in self.parts), Decimal(0))

    def after(self, today: date) -> list[Part]:
        return [part for part in self.parts if part.day > today]


def plans(truth: dict[str, Any]) -> list[Plan]:
    """The planted purchases whose first instalment is on show: of the others the last is long over."""
    rows = {row.id: row for row in bank_rows(truth)}
    return [_plan(fact, rows) for fact in truth["facts"]["installments"] if 1 in fact["parts"]]


def _plan(fact: dict[str, Any], rows: dict[str, BankRow]) -> Plan:
    """Charged on the day of its row, or so many months after the purchase where all rows bear the purchase's day.

    Such banks write number and count into the text and tell no total: then what is not listed costs as much as the last
    one that is.
    """
    listed = {number: rows[row_id] for number, row_id in zip(fact["parts"], fact["transactionIds"], strict=True)}
    bought, count = listed[1].day, fact["installments"]
    is_in_text = bool(re.search(r"\d\d/\d\d$", listed[1].text))
    missing = [number for number in range(1, count + 1) if number not in listed]
    each = listed[max(listed)].amount
    if missing and not is_in_text:
        each = (-Decimal(fact["totalAmount"]) - total(listed.values())) / len(missing)
    parts = []
    for number in range(1, count + 1):
        row, day = listed.get(number), later(bought, number - 1)
        parts.append(Part(row.day if row and not is_in_text else day, row.amount if row else each, row))
    return Plan(fact["accountId"], bought, parts)


class Month(NamedTuple):
    """A card's month whose bill is not made yet."""

    opened: date
    closes: date
    due: date
    listed: list[BankRow]
    unlisted: Decimal

    @property
    def amount(self) -> Decimal:
        return total(self.listed) + self.unlisted


def open_months(truth: dict[str, Any], account: dict[str, Any], told: list[dict[str, Any]], today: date) -> list[Month]:
    """The months of a card since the newest of the bills that Pluggy lists, the one that is open today last.

    What is dated on the closing day is on the next bill. Payments of bills are on none.
    """
    bill = max(told, key=lambda each: each["dueDate"])
    due = date.fromisoformat(bill["dueDate"][:10])
    closing = date.fromisoformat(bill["billClosingDate"][:10]) if bill["billClosingDate"] else due - BEFORE_DUE
    kind, of_card = kinds(truth), [plan for plan in plans(truth) if plan.account_id == account["id"]]
    charged = {part.row.id: part.day for plan in of_card for part in plan.parts if part.row}
    rows = [row for row in bank_rows(truth) if row.account_id == account["id"] and not (row.bill_id or row.id in kind)]
    coming = [part for plan in of_card for part in plan.parts if part.row is None]
    months: list[Month] = []
    while (opened := later(closing, len(months))) <= today:
        closes = later(closing, len(months) + 1)
        falls_due = next(day for day in (later(due, count) for count in range(99)) if day > closes)
        listed = [row for row in rows if opened <= charged.get(row.id, row.day) < closes]
        unlisted = [part.amount for part in coming if opened <= part.day < closes]
        months.append(Month(opened, closes, falls_due, listed, sum(unlisted, Decimal(0))))
    return months


class Move(NamedTuple):
    """What is expected to move the checking accounts for a card's sake."""

    day: date
    amount: Decimal
    kind: str


def card_moves(account: dict[str, Any], months: list[Month], today: date, until: date) -> Iterator[Move]:
    """Bills that are not paid off, up to five days late, and those not made yet as far as they are known."""
    for bill in account["bills"]:
        owed = Decimal(bill["totalAmount"]) - Decimal(bill["paidAmount"])
        day = business_day(date.fromisoformat(bill["dueDate"]))
        if owed > 0 and today - timedelta(days=5) <= day <= until:
            yield Move(max(day, today), -owed, "bill")
    for month in months:
        day = business_day(month.due)
        if month.amount < 0 and today <= day <= until:
            yield Move(day, month.amount, "open_bill")


def later(day: date, months: int) -> date:
    """The same day so many months later, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def business_day(day: date) -> date:
    """The day, or the next on which Brazilian banks settle."""
    while day.isoweekday() > 5 or (day.month, day.day) in HOLIDAYS or _since_easter(day) in {-48, -47, -2, 60}:
        day += timedelta(days=1)
    return day


def _since_easter(day: date) -> int:
    return (day - easter(day.year)).days
