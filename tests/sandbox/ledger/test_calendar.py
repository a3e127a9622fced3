"""Months, instants and the days on which Brazilian banks settle."""

from datetime import date, datetime

import pytest

from sandbox.ledger import calendar


def test_movable_holidays_follow_easter() -> None:
    """Easter: 5 April 2026, 20 April 2025, 31 March 2024."""
    assert {date(2026, 2, 16), date(2026, 2, 17), date(2026, 4, 3), date(2026, 6, 4)} <= calendar.holidays(2026)
    assert {date(2025, 3, 3), date(2025, 3, 4), date(2025, 4, 18), date(2025, 6, 19)} <= calendar.holidays(2025)
    assert {date(2024, 2, 12), date(2024, 2, 13), date(2024, 3, 29), date(2024, 5, 30)} <= calendar.holidays(2024)


def test_business_days_leave_out_weekends_and_holidays() -> None:
    days = calendar.business_days(calendar.month_of(date(2026, 2, 1)))

    assert len(days) == 18
    assert date(2026, 2, 16) not in days
    assert calendar.next_business_day(date(2026, 2, 14)) == date(2026, 2, 18)


def test_a_day_beyond_the_month_is_its_last() -> None:
    assert calendar.day_in(calendar.month_of(date(2028, 2, 1)), 31) == date(2028, 2, 29)


def test_instants_keep_their_form_and_their_days() -> None:
    instant = calendar.parse("2026-03-01T02:59:59.999Z")

    assert calendar.wire(instant) == "2026-03-01T02:59:59.999Z"
    assert calendar.local_day(instant) == date(2026, 2, 28)
    assert calendar.utc_day(instant) == date(2026, 3, 1)
    assert calendar.label(calendar.month_of(date(2026, 3, 1))) == "2026-03"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        calendar.to_ms(datetime(2026, 3, 1))  # noqa: DTZ001
