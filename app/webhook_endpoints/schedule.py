"""When a delivery is tried again, and when an endpoint is given up (R45, R46)."""

import random
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

SPACING: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
)
"""From the end of each failed attempt to the next; the first is made at once."""

ATTEMPTS: Final = len(SPACING) + 1
SPREAD: Final = 0.2
LONGEST_RETRY_AFTER: Final = timedelta(hours=1)
PATIENCE: Final = timedelta(days=5)
"""How long an endpoint may fail without one success before it is disabled."""


def delay_after(attempts: int, *, retry_after: timedelta | None = None) -> timedelta | None:
    """Return the wait after that many failed attempts, at least what the receiver asked for; None when it was the last.

    The wait is spread by ±20 %, so that a receiver that comes back is not met by all at once.
    """
    if attempts >= ATTEMPTS:
        return None
    spread = SPACING[attempts - 1] * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 # no secret
    return max(spread, retry_after or timedelta(0))


def parse_retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Return the wait that a `Retry-After` asks for, in seconds or as a date, an hour at most; None for nonsense."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        asked = timedelta(seconds=min(int(text[:10]), 10**9))
    else:
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        if date.tzinfo is None:
            return None
        asked = date - now
    return min(max(asked, timedelta(0)), LONGEST_RETRY_AFTER)
