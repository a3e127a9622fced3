"""The days on which Brazilian banks settle."""

from datetime import date

import pytest

from app.business_days import business_days, is_business_day, next_business_day


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 2, 16),  # Carnival
        date(2026, 2, 17),
        date(2026, 4, 3),  # Good Friday
        date(2026, 6, 4),  # Corpus Christi
        date(2026, 11, 20),  # since 2024
        date(2026, 12, 25),
        date(2026, 3, 7),  # a Saturday
    ],
)
def test_banks_are_closed(day: date) -> None:
    assert not is_business_day(day)


@pytest.mark.parametrize("day", [date(2026, 2, 18), date(2026, 12, 24), date(2026, 12, 31), date(2026, 10, 28)])
def test_banks_settle_on_days_that_only_others_have_off(day: date) -> None:
    assert is_business_day(day)


def test_the_next_business_day_lies_behind_weekend_and_carnival() -> None:
    assert next_business_day(date(2026, 2, 14)) == date(2026, 2, 18)
    assert business_days(2026, 2)[4] == date(2026, 2, 6)
