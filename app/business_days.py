"""The days on which Brazilian banks settle."""

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

import holidays

_SATURDAY = 5
_DAY = timedelta(days=1)


def is_business_day(day: date) -> bool:
    """Tell whether banks settle on that day."""
    return day.weekday() < _SATURDAY and day not in _closed(day.year)


def next_business_day(day: date) -> date:
    """Return `day` itself, or the first business day after it."""
    while not is_business_day(day):
        day += _DAY
    return day


@lru_cache(maxsize=2048)
def business_days(year: int, month: int) -> tuple[date, ...]:
    """Return the business days of a month, in order."""
    days = (date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1))
    return tuple(day for day in days if is_business_day(day))


@lru_cache(maxsize=64)
def _closed(year: int) -> frozenset[date]:
    """Return the holidays of the interbank calendar: those of the exchange but for its own two in late December."""
    exchange = holidays.financial_holidays("BVMF", years=year)
    return frozenset(day for day in exchange if (day.month, day.day) == (12, 25) or (day.month, day.day) < (12, 24))
