"""JSON bodies read strictly, and numbers without a float."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request

_MAX_EXPONENT = 64


class ExactRequest(Request):
    """A request whose JSON is read strictly, and numbers without a float."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = _read_json(body.decode())
            except (ValueError, RecursionError):
                raise HTTPException(400) from None
        return self._json


def _read_json(text: str) -> Any:
    value = json.loads(text, parse_float=_exact, parse_constant=_refuse_constant, object_pairs_hook=_unique_names)
    if "\\ud" in text.lower():  # half of a surrogate pair, written as an escape, is no text: nothing could store it
        json.dumps(value, ensure_ascii=False, default=str).encode()
    return value


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _MAX_EXPONENT:  # 1e999999999 as an integer would fill the memory
        raise ValueError("the number is out of range")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return members
