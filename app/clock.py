"""Instants and calendar days; the only place that knows the bank's time zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

BANK_ZONE = ZoneInfo("America/Sao_Paulo")


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


def exact_moment(instant: datetime) -> datetime | None:
    """Return `instant` when it is a real moment, None when it is a day padded with midnight (00:00Z or 03:00Z)."""
    utc = instant.astimezone(UTC)
    is_padded = utc.hour in {0, 3} and utc.minute == utc.second == utc.microsecond == 0
    return None if is_padded else utc
