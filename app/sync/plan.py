"""What a run reads of an account: pure decisions, no clock of their own."""

from datetime import date, datetime, timedelta
from math import ceil
from typing import NamedTuple
from uuid import UUID

OVERLAP = timedelta(days=3)
"""How far behind the watermark a read begins: rows may become visible a little out of order (R27)."""

DEEP_EVERY = timedelta(days=7)
_HISTORY = timedelta(days=730)
_SPAN_PAGES = 4  # short enough that no chain is left running by itself, long enough that few requests are half empty
_MOST_SPANS = 24  # a burst of rows on the newest days must not cost a request for each week of two years


class Span(NamedTuple):
    """Days read by one chain of pages, both ends inclusive; None is open."""

    date_from: date | None
    date_to: date | None


def read_from(watermark: datetime | None, deep_read_at: datetime | None, *, now: datetime) -> datetime | None:
    """Return the `createdAtFrom` of an incremental read; None reads everything: at first, weekly, and after a doubt.

    Pluggy can't be asked for rows that changed or vanished, and its word of them may be lost on its way.
    """
    if watermark is None or deep_read_at is None or now - deep_read_at >= DEEP_EVERY:
        return None
    return watermark - OVERLAP


def split(newest_unread: date, *, page_days: int) -> list[Span]:
    """Return the spans, newest first, that together cover every day up to `newest_unread`.

    Pages of one chain can only be read one after another; spans are read side by side. Each has a few pages if the
    history goes on as densely as it began, with a page in `page_days`. The oldest is open, so that no history is too
    long.
    """
    step = max(timedelta(days=page_days * _SPAN_PAGES), _HISTORY / _MOST_SPANS)
    edges = [newest_unread - step * part for part in range(1, ceil(_HISTORY / step))]
    starts: list[date | None] = [edge + timedelta(days=1) for edge in edges]
    ends = [newest_unread, *edges]
    return [Span(start, end) for start, end in zip([*starts, None], ends, strict=True)]


def next_sync_at(
    connection_id: UUID, *, read_at: datetime, interval_hours: int, next_auto_sync_at: datetime | None
) -> datetime:
    """Return when the connection is read next: after Pluggy's own visit, at the latest after the interval.

    Connections read together are spread over a tenth of the interval, each always at its own place (no stampede).
    """
    interval = timedelta(hours=interval_hours)
    spread = interval / 10 * (connection_id.int % 1000) / 1000
    due = read_at + interval - spread
    if next_auto_sync_at is not None and read_at < next_auto_sync_at < due:
        due = next_auto_sync_at + min(spread, timedelta(minutes=15))
    return due
