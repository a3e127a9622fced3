"""What every schema of our HTTP API is made from."""

from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from app.money import money_text


class ApiModel(BaseModel):
    """A part of an answer; reads attributes of rows."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Input(BaseModel):
    """A body we accept: a field that we do not know is refused, so that a typo never passes silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Row = TypeVar("_Row")


class Results(ApiModel, Generic[_Row]):
    """One page of a list. `next_cursor` is null on the last page."""

    results: list[_Row]
    next_cursor: str | None


MoneyText = Annotated[
    Decimal,
    PlainSerializer(money_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{2,4}$", "examples": ["-1234.56"]}, mode="serialization"),
]
"""Money in an answer: an exact decimal string, negative is money out."""
