"""Months, as the bank's calendar has them. Pure."""

import calendar
import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from app.insights.errors import RangeTooLong

MOST_MONTHS: Final = 60
_EARLIEST: Final = date(1900, 1, 1)
_MONTH: Final = re.compile(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])")


def _first_day(value: Any) -> Any:
    if isinstance(value, str):
        if not _MONTH.fullmatch(value):
            raise ValueError("This must be a month like 2026-03.")
        return date.fromisoformat(f"{value}-01")
    return value


Month = Annotated[
    date,
    BeforeValidator(_first_day),
    PlainSerializer(lambda day: f"{day:%Y-%m}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_MONTH.pattern}$", "examples": ["2026-03"]}),
]
"""A month by its first day; `2026-03` outside."""


def month_of(day: date) -> date:
    """Return the first day of its month."""
    return day.replace(day=1)


def last_day(month: date) -> date:
    """Return the last day of the month."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def shifted(month: date, by: int) -> date:
    """Return the first day of the month so many months later, earlier where negative."""
    count = month.year * 12 + month.month - 1 + by
    return date(count // 12, count % 12 + 1, 1)


def months(first: date, last: date) -> Iterator[date]:
    """Yield the months from the first to the last, both included."""
    while first <= last:
        yield first
        first = shifted(first, 1)


def count_of(first: date, last: date) -> int:
    """Return how many months these are."""
    return (last.year - first.year) * 12 + last.month - first.month + 1


class Whose(BaseModel):
    """Whose rows are looked at: all of the owner's, or those of an account or connection."""

    model_config = ConfigDict(frozen=True)

    account_id: Annotated[UUID | None, Field(description="Of this account; none when it is not the caller's.")] = None
    connection_id: Annotated[
        UUID | None, Field(description="Of this connection's accounts; none when it is not the caller's.")
    ] = None

    @property
    def filter(self) -> dict[str, Any]:
        """The part of a filter of transactions that says so."""
        return {name: value for name in Whose.model_fields if (value := getattr(self, name)) is not None}


class MonthRange(Whose):
    """Some months, by default the last twelve, the present one included."""

    month_from: Annotated[Month | None, Field(description="From this month on; by default eleven before the last.")] = (
        None
    )
    month_to: Annotated[Month | None, Field(description="Up to this month, the present one by default.")] = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.month_from is not None and self.month_to is not None and self.month_to < self.month_from:
            raise ValueError("month_to must not be before month_from.")
        return self

    def bounds(self, today: date) -> tuple[date, date]:
        """Return the first and the last month that are meant today; none ahead of it. Raises RangeTooLong."""
        last = min(self.month_to or month_of(today), month_of(today))
        first = self.month_from or max(shifted(last, -11), _EARLIEST)
        if count_of(first, last) > MOST_MONTHS:
            raise RangeTooLong(f"At most {MOST_MONTHS} months can be asked for at once.")
        return first, last
