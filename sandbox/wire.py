"""How answers leave: one encoder, Pluggy's error body, its two kinds of page."""

import base64
import binascii
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from fastapi import Response

from sandbox.clock import parse_instant

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: object) -> bytes:
    return _encoder.encode(value)


class Json(Response):
    """An answer in JSON; decimals leave as exact numbers, never through a float."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return encode(content)


class ApiError(Exception):
    """An answer in Pluggy's error shape. `description` is the stable code (`codeDescription`), often absent."""

    def __init__(
        self,
        status: int,
        message: str,
        description: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body: dict[str, Any] = {"code": status, "message": message}
        if description:
            self.body["codeDescription"] = description
        self.body.update(extra)

    def response(self) -> Json:
        body = self.body if self.status == 429 else {**self.body, "errorId": str(uuid.uuid4())}
        return Json(body, status_code=self.status, headers=self.headers)


def not_found(noun: str, code: str | None = None) -> ApiError:
    """404 with the noun's own code: `ITEM_NOT_FOUND` for `item`."""
    return ApiError(404, f"{noun} not found", code or f"{noun.upper().replace(' ', '_')}_NOT_FOUND")


def page_of(rows: Sequence[Any], *, page: int = 1, page_size: int = 500, total: int | None = None) -> dict[str, Any]:
    """A numbered page of `rows`; give `total` when `rows` already is the page."""
    if total is None:
        total = len(rows)
        rows = rows[(page - 1) * page_size : page * page_size]
    return {"page": page, "total": total, "totalPages": -(-total // page_size), "results": rows}


def to_cursor(instant: str, id_: str) -> str:
    """Base64 of `<date ISO>|<id>`; the URL-safe alphabet survives a client that does not encode its query."""
    return base64.urlsafe_b64encode(f"{instant}|{id_}".encode()).decode()


def from_cursor(cursor: str) -> tuple[datetime, str]:
    """The sort key inside a cursor, with or without its padding. Raises 400 when it holds none."""
    try:
        text = base64.b64decode(cursor.rstrip("=") + "=" * (-len(cursor.rstrip("=")) % 4), altchars=b"-_").decode()
        instant = parse_instant(text.split("|")[0])
        id_ = str(uuid.UUID(text.split("|")[1]))
    except (binascii.Error, ValueError, IndexError):
        instant, id_ = None, ""
    if instant is None:
        raise ApiError(400, "Invalid cursor")
    return instant, id_
