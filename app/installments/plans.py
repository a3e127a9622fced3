"""Purchases in instalments, found in the rows of one card. Pure.

Banks write them in three ways: numbered in the metadata and listed month by month; listed all at once, the coming ones
pending; or only in the text (`LOJA 03/10`), each dated at the purchase.
"""

import re
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from app.counterparties.names import plain
from app.transactions.movements import Movement

MOST_PARTS = 99
_CENT = Decimal("0.01")
_DAYS_OFF = 5
"""How far a row's day may be from the purchase's day of the month: banks move days to business days."""

_IN_TEXT = re.compile(
    r"^(?P<base>.*?)[\s(\-]*(?:\bparc(?:ela)?\.?\s*)?(?P<number>\d{1,2})\s*(?:/|\bde\b)\s*(?P<total>\d{1,2})\)?\s*$",
    re.IGNORECASE,
)


class Part(NamedTuple):
    """A row that is one instalment."""

    row: Movement
    text: str
    number: int
    total: int
    purchased_on: date | None
    whole: Decimal | None
    """What the bank says that all of them come to."""

    @property
    def amount(self) -> Decimal:
        """What it costs, positive."""
        return -self.row.amount


class Scheduled(NamedTuple):
    """One instalment of a plan, with its row once the bank lists it."""

    number: int
    date: date
    amount: Decimal
    transaction_id: UUID | None


class Plan(NamedTuple):
    """A purchase and all of its instalments, in order."""

    account_id: UUID
    description: str
    currency_code: str
    purchased_on: date
    total_amount: Decimal
    parts: tuple[Scheduled, ...]


@dataclass
class _Draft:
    parts: dict[int, Part] = field(default_factory=dict)


def part_of(row: Movement) -> Part | None:
    """Return the row as an instalment, by its metadata, or on a card by its text; None when it is none."""
    if not row.is_card or not row.is_out:
        return None
    base, number, total = row.description, row.installment_number, row.total_installments
    told = _IN_TEXT.match(row.description)
    if told is not None and (number is None or (number, total) == (int(told["number"]), int(told["total"]))):
        base, number, total = told["base"], int(told["number"]), int(told["total"])
    if number is None or total is None or not 1 <= number <= total or not 2 <= total <= MOST_PARTS:
        return None
    day, whole = row.card.get("purchase_date"), row.card.get("total_amount")
    return Part(
        row,
        base.strip() or row.description,
        number,
        total,
        date.fromisoformat(day) if day else None,
        Decimal(whole) if whole else None,
    )


def find_plans(rows: Iterable[Movement]) -> list[Plan]:
    """Return the plans that the rows of an account belong to; each row is part of one at most."""
    groups: defaultdict[tuple[object, ...], list[Part]] = defaultdict(list)
    for row in rows:
        part = part_of(row)
        if part is not None:
            groups[row.account_id, plain(part.text), part.total, row.currency_code].append(part)
    return [_plan(draft) for group in groups.values() for draft in _split(group)]


def _split(group: Sequence[Part]) -> list[_Draft]:
    """Tell purchases at one shop in as many parts apart."""
    drafts: list[_Draft] = []
    for part in sorted(group, key=lambda part: (part.number, part.row.date, part.row.id)):
        fitting = [draft for draft in drafts if _fits(draft, part)]
        if not fitting:
            drafts.append(_Draft({part.number: part}))
        else:
            min(fitting, key=lambda draft: _distance(draft, part)).parts[part.number] = part
    return drafts


def _fits(draft: _Draft, part: Part) -> bool:
    if part.number in draft.parts:
        return False
    last = draft.parts[max(draft.parts)]
    if not _alike(last, part.amount):
        return False
    if last.purchased_on and part.purchased_on:
        return last.purchased_on == part.purchased_on
    return _days_off(last, part) <= _DAYS_OFF


def _alike(part: Part, amount: Decimal) -> bool:
    """Tell whether another part of a purchase may cost that: equal but for cents, which mostly the first bears."""
    return abs(part.amount - amount) <= max(Decimal(part.total) / 100, part.amount / 100)


def _distance(draft: _Draft, part: Part) -> tuple[Decimal, int]:
    last = draft.parts[max(draft.parts)]
    return abs(last.amount - part.amount), _days_off(last, part)


def _days_off(one: Part, other: Part) -> int:
    """Return how far the second row's day is from where the first one puts it: its own day, or some months later."""
    later = add_months(one.row.date, other.number - one.number)
    return min(abs((other.row.date - day).days) for day in (one.row.date, later))


def _plan(draft: _Draft) -> Plan:
    known = [draft.parts[number] for number in sorted(draft.parts)]
    first, last = known[0], known[-1]
    bought = first.purchased_on or _purchase_day(known)
    whole = next((part.whole for part in known if part.whole), None)
    seen = sum((part.amount for part in known), Decimal(0))
    missing = first.total - len(known)
    each = last.amount
    amounts = {part.number: part.amount for part in known}
    if whole is not None and missing and 1 not in amounts:
        amounts[1] = whole - seen - each * (missing - 1)  # the first bears what equal parts leave over
    elif whole is not None and missing:
        each = _equal_part(whole - seen, missing, last)
    parts = tuple(
        Scheduled(
            number,
            _charged_on(bought, number, draft.parts.get(number)),
            amounts.get(number, each),
            draft.parts[number].row.id if number in draft.parts else None,
        )
        for number in range(1, first.total + 1)
    )
    row = first.row
    total = sum((part.amount for part in parts), Decimal(0))
    return Plan(row.account_id, first.text, row.currency_code, bought, total, parts)


def _equal_part(rest: Decimal, missing: int, last: Part) -> Decimal:
    """Return what each part costs that the bank does not list yet; `rest` is what it says that they come to.

    Where that is no equal parts like the last listed one, the bank's total means something else, and they are held to
    cost as much as that one.
    """
    each = (rest / missing).quantize(_CENT)
    return each if each * missing == rest and _alike(last, each) else last.amount


def _purchase_day(known: Sequence[Part]) -> date:
    """Return the day of the purchase where the bank doesn't tell it: the rows' own day when all bear the same one."""
    days = {part.row.date for part in known}
    first = known[0]
    if len(days) == 1 and (len(known) > 1 or _IN_TEXT.match(first.row.description)):
        return first.row.date
    return add_months(first.row.date, 1 - first.number)


def _charged_on(bought: date, number: int, part: Part | None) -> date:
    """Return the day of an instalment: its row's, unless the bank dates every row at the purchase."""
    if part is not None and (part.row.date != bought or number == 1):
        return part.row.date
    return add_months(bought, number - 1)


@lru_cache(maxsize=65_536)
def add_months(day: date, count: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month."""
    month = day.year * 12 + day.month - 1 + count
    year, month = divmod(month, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
