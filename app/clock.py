"""Instants and calendar days; the only place that knows the bank's time zone."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

BANK_ZONE = ZoneInfo("America/Sao_Paulo")
_PADDED = (0, 3)


def utc_now() -> datetime:
    """Return this instant, aware, in UTC."""
    return datetime.now(UTC)


def local_day(instant: datetime) -> date:
    """Return the bank's calendar day of `instant`.

    An instant of exactly 00:00:00.000Z is a day padded with a UTC midnight, so its UTC date is the day.
    """
    utc = instant.astimezone(UTC)
    if utc.hour == utc.minute == utc.second == utc.microsecond == 0:
        return utc.date()
    return utc.astimezone(BANK_ZONE).date()


def local_day_or_none(instant: datetime | None) -> date | None:
    """Return the bank's calendar day of an instant that may be unknown."""
    return None if instant is None else local_day(instant)


def day_and_moment(instant: datetime) -> tuple[date, datetime | None]:
    """Return the bank's calendar day of `instant`, and the moment itself unless it is a padded midnight.

    Padded are 00:00Z and 03:00Z (Sao Paulo's midnight); both fall on the day that they stand for.
    """
    if type(instant) is not datetime:  # the zone arithmetic of a subclass costs three times as much
        instant = datetime.combine(instant, instant.timetz())
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    if utc.hour in _PADDED and utc.minute == utc.second == utc.microsecond == 0:
        return utc.date(), None
    return _day_at(utc.date(), utc.hour), utc


@lru_cache(maxsize=20_000)  # the hours of two years, which all owners share
def _day_at(day: date, hour: int) -> date:
    """Return the bank's day at an hour of a UTC day; its zone has been whole hours from UTC since 1914."""
    return datetime.combine(day, time(hour), UTC).astimezone(BANK_ZONE).date()
