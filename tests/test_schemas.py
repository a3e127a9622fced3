"""What a body may say where: by the types that the description promises."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, StrictBool, TypeAdapter, ValidationError

from app.schemas import Day, Input


class Everything(Input):
    """A field of each type that pydantic would convert."""

    flag: bool = False
    number: Annotated[int | None, Field(ge=0)] = None
    day: date | None = None
    since: Annotated[datetime, Field(le=datetime(2100, 1, 1).astimezone())] | None = None
    words: list[str] = []
    shares: dict[str, int] = {}
    choice: Literal["auto"] | StrictBool = "auto"


@pytest.mark.parametrize(
    "body",
    [
        {"flag": True, "number": 5, "day": "2026-03-04", "since": "2026-03-04T00:00:00Z", "words": ["5"]},
        {"shares": {"a": 5}},
        {"number": Decimal(5)},
        {"choice": "auto"},
        {"choice": False},
        {"number": None, "day": None, "since": None},
    ],
)
def test_a_value_of_its_type_is_taken(body: dict[str, Any]) -> None:
    assert Everything.model_validate(body)


@pytest.mark.parametrize(
    "body",
    [
        {"flag": "false"},
        {"flag": 0},
        {"choice": "false"},
        {"choice": 0},
        {"flag": None},
        {"number": "5"},
        {"number": True},
        {"number": Decimal("5.5")},
        {"day": 0},
        {"since": 0},
        {"since": Decimal("1e9")},
    ],
)
def test_a_value_that_would_have_to_be_converted_is_refused(body: dict[str, Any]) -> None:
    """`"false"` is no truth value, and the number 0 is no day in 1970."""
    with pytest.raises(ValidationError):
        Everything.model_validate(body)


@pytest.mark.parametrize("text", ["0", "1735689600", "2026-3-4", "20260304", "2026-02-30"])
def test_a_day_in_a_query_is_written_as_one(text: str) -> None:
    assert TypeAdapter(Day).validate_python("2026-03-04") == date(2026, 3, 4)
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(text)
