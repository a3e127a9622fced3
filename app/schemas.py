"""What every schema of our HTTP API is made from."""

import re
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Generic, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from app.money import money_text

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNIONS: Final = (Union, UnionType)
_JSON_TYPES: Final[dict[type, tuple[tuple[type, ...], str]]] = {
    bool: ((bool,), "This must be true or false."),
    int: ((int, Decimal), "This must be a whole number."),
    date: ((str, date), "This must be a day like 2026-03-04."),
    datetime: ((str, datetime), "This must be an instant like 2026-03-04T12:00:00Z."),
}


class ApiModel(BaseModel):
    """A part of an answer; reads attributes of rows."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Input(BaseModel):
    """A body we accept: a field that we do not know is refused, so that a typo never passes silently.

    So is a value of another type than the description says: `"false"` is no truth value, and 0 is no day in 1970.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _of_its_type(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[str(info.field_name)].annotation
        members = get_args(annotation) if get_origin(annotation) in _UNIONS else (annotation,)
        kinds = [getattr(each, "__origin__", each) for each in members if each is not NoneType]
        checks = [check for kind in kinds if (check := _JSON_TYPES.get(kind))]
        is_open = value is None or len(checks) < len(kinds)  # pydantic judges what else a union may hold
        if not is_open and not any(type(value) in taken for taken, _ in checks):
            raise ValueError(checks[0][1])
        return value


_Row = TypeVar("_Row")


class Results(ApiModel, Generic[_Row]):
    """One page of a list. `next_cursor` is null on the last page."""

    results: list[_Row]
    next_cursor: str | None


def only(pattern: re.Pattern[str], words: str) -> BeforeValidator:
    """Return a check that a text matches the pattern whole, and that it is no JSON number.

    `words` tell what it must be.
    """

    def check(value: Any) -> Any:
        if isinstance(value, (int, float, Decimal)) or (isinstance(value, str) and not pattern.fullmatch(value)):
            raise ValueError(words)
        return value

    return BeforeValidator(check)


Day = Annotated[
    date,
    only(_DAY, "This must be a day like 2026-03-04."),
    WithJsonSchema({"type": "string", "format": "date"}),
]
"""A calendar day in a query: the number of a second since 1970 is none."""

MoneyText = Annotated[
    Decimal,
    PlainSerializer(money_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{2,4}$", "examples": ["-1234.56"]}, mode="serialization"),
]
"""Money in an answer: an exact decimal string, negative is money out."""
