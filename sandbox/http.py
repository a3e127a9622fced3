"""What the routes share: who calls, which world, and query values in the forms clients send them."""

import json
from typing import Annotated, Any, Literal

from fastapi import Body as BodyParameter
from fastapi import Depends, Path, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from sandbox.tokens import Caller
from sandbox.world import World


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _caller(request: Request) -> Caller:
    caller: Caller = request.scope["caller"]
    return caller


WorldDep = Annotated[World, Depends(_world)]
CallerDep = Annotated[Caller, Depends(_caller)]
PathId = Annotated[str, Path(alias="id")]
PageDep = Annotated[int, Query(ge=1, le=1_000_000)]
PageSizeDep = Annotated[int, Query(alias="pageSize", ge=1, le=500)]

Product = Literal[
    "ACCOUNTS",
    "CREDIT_CARDS",
    "TRANSACTIONS",
    "PAYMENT_DATA",
    "INVESTMENTS",
    "INVESTMENTS_TRANSACTIONS",
    "IDENTITY",
    "BROKERAGE_NOTE",
    "MOVE_SECURITY",
    "LOANS",
    "ACCOUNT_STATEMENTS",
]


def _text(value: Any) -> Any:
    """The value, if it can be written as UTF-8: JSON may smuggle in half a surrogate pair."""
    json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError
    return value


class Body(BaseModel):
    """A request body: camelCase, unknown fields ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        return _text(value)


AnyObject = Annotated[dict[str, Any], AfterValidator(_text), BodyParameter()]


def split(values: list[str] | None) -> list[str]:
    """The values of an array parameter, sent as `a,b` or repeated (`name[]` is renamed on the way in)."""
    return [part.strip() for value in values or () for part in value.split(",") if part.strip()]


def as_text(parameters: dict[str, Any]) -> dict[str, str]:
    """Credential values as text; a number is as good as its digits, nested values count as missing."""
    return {name: str(value) for name, value in parameters.items() if isinstance(value, str | int)}
