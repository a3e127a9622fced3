"""What a run reads."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from app.sync.plan import DEEP_EVERY, OVERLAP, next_sync_at, read_from, split

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("page_days", [1, 7, 61, 200, 5_000])
def test_spans_cover_every_day_once_and_leave_the_past_open(page_days: int) -> None:
    spans = split(date(2026, 11, 22), page_days=page_days)

    assert spans[0].date_to == date(2026, 11, 22)
    assert spans[-1].date_from is None
    for newer, older in pairwise(spans):
        assert newer.date_from is not None
        assert older.date_to == newer.date_from - timedelta(days=1)


@pytest.mark.parametrize(("page_days", "requests"), [(1, 24), (7, 24), (61, 3), (200, 1), (5_000, 1)])
def test_the_denser_a_history_the_more_spans_and_never_a_request_a_week(page_days: int, requests: int) -> None:
    """A page in 61 days leaves some eleven pages in two years: three chains of four."""
    assert len(split(date(2026, 11, 22), page_days=page_days)) == requests


@pytest.mark.parametrize(("watermark", "deep"), [(None, NOW), (NOW, None), (NOW, NOW - DEEP_EVERY)])
def test_the_whole_history_is_read_at_first_weekly_and_after_a_doubt(
    watermark: datetime | None, deep: datetime | None
) -> None:
    assert read_from(watermark, deep, now=NOW) is None


def test_an_incremental_read_overlaps_the_one_before() -> None:
    """R27"""
    assert read_from(NOW, NOW - timedelta(days=6), now=NOW) == NOW - OVERLAP


def test_connections_read_together_are_spread_and_never_late() -> None:
    """No stampede at the hour."""
    dues = {
        next_sync_at(UUID(int=number), read_at=NOW, interval_hours=12, next_auto_sync_at=None) for number in range(1000)
    }

    assert len(dues) == 1000
    assert max(dues) == NOW + timedelta(hours=12)
    assert min(dues) > NOW + timedelta(hours=10.7)


def test_a_connection_is_read_after_pluggys_own_visit() -> None:
    visit = NOW + timedelta(hours=3)

    due = next_sync_at(UUID(int=500), read_at=NOW, interval_hours=12, next_auto_sync_at=visit)

    assert visit < due <= visit + timedelta(minutes=15)


def test_a_visit_that_is_overdue_does_not_hold_the_schedule_back() -> None:
    due = next_sync_at(UUID(int=0), read_at=NOW, interval_hours=12, next_auto_sync_at=NOW - timedelta(days=9))

    assert due == NOW + timedelta(hours=12)
