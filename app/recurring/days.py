"""The rule by which the days of a series fall, and its next day on the Brazilian business calendar. Pure.

A rule is text: `day:5` (that day, the last one of a shorter month), `day:5:next` (moved to the next business day),
`business_day:5` (the fifth of the month), `business_day:-1` (the last), or `every:7` (days).
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from app.business_days import business_days, next_business_day
from app.installments.plans import add_months

_TRIED = 12
"""How many of the latest days a rule is judged by: an old contract says little of the next payment."""

_BUSINESS_DAYS = (*range(1, 16), -1, -2, -3)


class Cadence(NamedTuple):
    """A pace: in months, or in days; `slack` is how many days early or late it may come."""

    name: str
    months: int
    days: int
    slack: int
    least: int
    """How many occurrences make a series of it."""

    def after(self, day: date, count: int = 1) -> date:
        """Return the day so many paces later."""
        return add_months(day, self.months * count) if self.months else day + timedelta(days=self.days * count)


MONTHLY = Cadence("monthly", 1, 30, 7, 3)
CADENCES = (
    MONTHLY,
    Cadence("bimonthly", 2, 61, 8, 4),
    Cadence("quarterly", 3, 91, 9, 3),
    Cadence("semiannual", 6, 183, 12, 3),
    Cadence("yearly", 12, 365, 20, 3),
    Cadence("fortnightly", 0, 14, 2, 5),
    Cadence("weekly", 0, 7, 1, 6),
)


def rule_of(days: Sequence[date], cadence: Cadence) -> tuple[str, float]:
    """Return the rule that explains most of the latest `days`, and the share that it explains.

    Of rules that explain as many, the one that explains most of the days before them too; plain days first.
    """
    latest = days[-_TRIED:]
    if not cadence.months:
        gaps = [(after - before).days for before, after in pairwise(days)]
        return f"every:{cadence.days}", sum(gap % cadence.days == 0 for gap in gaps) / len(gaps)
    rules = [f"day:{day}" for day in sorted({day.day for day in latest} | {31})]
    rules += [f"day:{number}:next" for number in range(1, 32)]
    rules += [f"business_day:{number}" for number in _BUSINESS_DAYS]
    kept = {rule: _kept(rule, latest) for rule in rules}
    most = max(kept.values())
    best = max(
        (rule for rule in rules if kept[rule] == most), key=lambda rule: _kept(rule, days)
    )  # of equals the first
    return best, most / len(latest)


def _kept(rule: str, days: Sequence[date]) -> int:
    return sum(_in_month(rule, day.replace(day=1)) == day for day in days)


def next_day(rule: str, last: date, cadence: Cadence) -> date:
    """Return the day on which the series comes next."""
    if not cadence.months:
        return cadence.after(last)
    due = _in_month(rule, add_months(last.replace(day=1), cadence.months))
    if (due - last).days < cadence.days - 2 * cadence.slack:  # `last` was moved over the end of its month
        due = _in_month(rule, add_months(last.replace(day=1), cadence.months + 1))
    return due


@lru_cache(maxsize=65_536)
def _in_month(rule: str, month: date) -> date:
    """Return the rule's day in the month that begins on a day; it may be moved into the month after."""
    kind, number, *moved = rule.split(":")
    if kind == "business_day":
        days, place = business_days(month.year, month.month), int(number)
        return days[place - 1 if place > 0 else place]
    day = add_months(date(2000, 1, int(number)), (month.year - 2000) * 12 + month.month - 1)
    return next_business_day(day) if moved else day
