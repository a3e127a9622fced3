"""Which months are meant."""

from datetime import date

import pytest

from app.insights.errors import RangeTooLong
from app.insights.periods import MonthRange

TODAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    ("given", "bounds"),
    [
        ({}, (date(2025, 4, 1), date(2026, 3, 1))),
        ({"month_to": "2030-01"}, (date(2025, 4, 1), date(2026, 3, 1))),
        ({"month_from": "2025-12"}, (date(2025, 12, 1), date(2026, 3, 1))),
        ({"month_to": "1900-02"}, (date(1900, 1, 1), date(1900, 2, 1))),
    ],
)
def test_twelve_months_up_to_the_present_one_are_meant_by_default(
    given: dict[str, str], bounds: tuple[date, date]
) -> None:
    """None before the first month that can be asked for: the answer could not say it."""
    assert MonthRange.model_validate(given).bounds(TODAY) == bounds


def test_more_than_sixty_months_are_too_many() -> None:
    with pytest.raises(RangeTooLong):
        MonthRange.model_validate({"month_from": "2021-03"}).bounds(TODAY)
