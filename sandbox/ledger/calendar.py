"""Months, instants and the Brazilian banking calendar.

A month is an integer counted from January 2000; an instant is an integer of milliseconds since 1970 in UTC. Local time
is Brasília time, three hours behind UTC all year since daylight saving ended in 2019.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

DAY = 86_400_000
HOUR = 3_600_000
LOCAL_OFFSET = 3 * HOUR

_MIDNIGHTS = {0: "T00:00:00.000Z", LOCAL_OFFSET: "T03:00:00.000Z"}

_EPOCH = date(1970, 1, 1).toordinal()
_FIXED_HOLIDAYS = ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25))


def month_of(day: date) -> int:
    """The month that `day` is in."""
    return (day.year - 2000) * 12 + day.month - 1


@lru_cache(maxsize=2048)
def first_day(month: int) -> date:
    """The first day of a month."""
    return date(2000 + month // 12, month % 12 + 1, 1)


@lru_cache(maxsize=2048)
def days_in(month: int) -> int:
    """How many days a month has."""
    return (first_day(month + 1) - first_day(month)).days


def day_in(month: int, day: int) -> date:
    """Day `day` of a month, or its last day when it is shorter."""
    return first_day(month).replace(day=min(day, days_in(month)))


def label(month: int) -> str:
    """A month as `YYYY-MM`."""
    return f"{2000 + month // 12}-{month % 12 + 1:02d}"


def to_ms(instant: datetime) -> int:
    """An aware instant as milliseconds; refuses one without a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def utc_midnight(day: date) -> int:
    """00:00 UTC of a day."""
    return (day.toordinal() - _EPOCH) * DAY


def local_day(instant: int) -> date:
    """The day it is in Brasília."""
    return date.fromordinal(_EPOCH + (instant - LOCAL_OFFSET) // DAY)


def utc_day(instant: int) -> date:
    """The day it is in UTC."""
    return date.fromordinal(_EPOCH + instant // DAY)


def wire(instant: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    days, rest = divmod(instant, DAY)
    if rest in _MIDNIGHTS:
        return _iso_day(days) + _MIDNIGHTS[rest]
    seconds, milliseconds = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{_iso_day(days)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{milliseconds:03d}Z"


def wire_midnight(day: date) -> str:
    """A day as the API writes most days: its midnight in UTC."""
    return wire(utc_midnight(day))


def parse(text: str) -> int:
    """An instant from its wire form."""
    return to_ms(datetime.fromisoformat(text))


@lru_cache(maxsize=8192)
def _iso_day(days: int) -> str:
    return date.fromordinal(_EPOCH + days).isoformat()


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """National bank holidays: the fixed ones, and Carnival, Good Friday and Corpus Christi counted from Easter."""
    # Meeus' Gregorian computus
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (year % 19 + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    easter = date(year, month, day + 1)
    movable = (easter + timedelta(days) for days in (-48, -47, -2, 60))
    return frozenset(date(year, month, day) for month, day in _FIXED_HOLIDAYS) | frozenset(movable)


def is_business_day(day: date) -> bool:
    """Whether banks settle on that day."""
    return day.weekday() < 5 and day not in holidays(day.year)


def next_business_day(day: date) -> date:
    """`day` itself, or the first business day after it."""
    while not is_business_day(day):
        day += timedelta(1)
    return day


@lru_cache(maxsize=1024)
def business_days(month: int) -> tuple[date, ...]:
    """All business days of a month, in order."""
    start = first_day(month)
    return tuple(day for n in range(days_in(month)) if is_business_day(day := start + timedelta(n)))
