"""(status, headers, body) -> value or PluggyError. Pure: no clock, no network."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec

from app.pluggy.errors import (
    Detail,
    PluggyAlreadyUpdating,
    PluggyAuthError,
    PluggyError,
    PluggyItemExists,
    PluggyNotFound,
    PluggyRateLimited,
    PluggyRefused,
    PluggyTooSoon,
    PluggyUnavailable,
    PluggyUnexpected,
    PluggyUnreadable,
)
from app.pluggy.pages import Page, ReadRecords
from app.pluggy.wire import decode_as

T = TypeVar("T")

WINDOW_SECONDS: Final = 60.0  # of Pluggy's rate limits; assumed when a 429 names no wait
LONGEST_WAIT_SECONDS: Final = 3600.0


class Answer(NamedTuple):
    """What came back for `call` ("GET /items/..."), the body already inflated."""

    call: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class ErrorBody(msgspec.Struct, rename="camel"):
    """Pluggy's error body. Every part may be missing and is typed loosely: an error must never hide behind another."""

    code_description: Any = None
    details: Any = None
    errors: Any = None  # older name of `details`
    data: Any = None
    items: Any = None
    error_id: Any = None


def decode_value(answer: Answer, kind: type[T]) -> T:
    """The one object of a successful answer."""
    _require_json(answer)
    try:
        return decode_as(answer.body, kind)
    except msgspec.ValidationError as problem:
        raise PluggyUnexpected(f"{answer.call}: not the documented shape ({problem})") from None
    except msgspec.DecodeError:
        raise PluggyUnreadable(f"{answer.call}: malformed JSON", status=answer.status) from None


class _Listing(msgspec.Struct, rename="camel"):
    results: list[msgspec.Raw]
    next: str | None = None
    page: int | None = None
    total: int | None = None
    total_pages: int | None = None


def decode_page(answer: Answer, read: ReadRecords[T]) -> Page[T]:
    """A page of a list of either style, its records through `read`; those that fail are set aside (R28)."""
    require_success(answer)
    if answer.status == 204:  # as the list of webhooks may be
        return Page(results=[], bad_records=[], total=0, next=None)
    listing = decode_value(answer, _Listing)
    results, bad_records = read(listing.results)
    return Page(results=results, bad_records=bad_records, total=listing.total, next=_next_position(answer, listing))


def _next_position(answer: Answer, listing: _Listing) -> str | None:
    if listing.next:
        return _cursor_in(answer, listing.next)
    if listing.total_pages is None or listing.total_pages <= 1:
        return None
    if listing.page is None:
        raise PluggyUnexpected(f"{answer.call}: one of several pages, without its number")
    return str(listing.page + 1) if listing.page < listing.total_pages else None


def _cursor_in(answer: Answer, following: str) -> str:
    """The decoded `after` of `next`, and nothing else of it: the request is built anew (R21)."""
    query = following.partition("?")[2]
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name == "after" and value:
            return unquote(value)  # not unquote_plus: a base64 cursor may hold a bare plus sign
    raise PluggyUnexpected(f"{answer.call}: `next` without a cursor")


def require_success(answer: Answer) -> None:
    """Raise the PluggyError that an unsuccessful answer stands for."""
    if not 200 <= answer.status < 300:
        raise error_of(answer)


def _require_json(answer: Answer) -> None:
    require_success(answer)
    if not _is_json(answer):
        raise PluggyUnreadable(f"{answer.call}: not JSON", status=answer.status)


def _is_json(answer: Answer) -> bool:
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def error_of(answer: Answer) -> PluggyError:
    """The error that an unsuccessful answer stands for, by remedy."""
    body = read_error_body(answer)
    code = symbolic_code(body)
    text = _describe(answer, code, body)
    if answer.status == 429:
        wait = asked_wait(answer.headers)
        wait = WINDOW_SECONDS if wait is None else wait
        return PluggyRateLimited(text, retry_after=wait, status=429, code=code)
    if answer.status >= 500 or answer.status == 408:
        return PluggyUnavailable(text, retry_after=asked_wait(answer.headers), status=answer.status, code=code)
    if answer.status < 400:
        return PluggyUnexpected(text)
    if answer.status == 404 and not _is_json(answer):  # some proxy's page: no proof that the thing is gone
        return PluggyUnavailable(text, status=404)
    return _refusal(answer.status, code, text, body)


def _refusal(status: int, code: str | None, text: str, body: ErrorBody) -> PluggyRefused:
    data = body.data if isinstance(body.data, dict) else {}
    common: dict[str, Any] = {"status": status, "code": code, "details": _details(body), "data": data}
    match status, code:
        case (401, _) | (403, None):  # a refused key is an uncoded 403; a coded one is about the thing asked for
            return PluggyAuthError(text, **common)
        case (404, _):
            return PluggyNotFound(text, **common)
        case (409, "CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY") | (_, "TOO_MANY_CONSECUTIVE_LOGIN_FAILURES"):
            return PluggyTooSoon(text, allowed_at=_allowed_at(data), **common)
        case (_, "ITEM_ALREADY_UPDATING" | "ITEM_IS_ALREADY_UPDATING"):
            return PluggyAlreadyUpdating(text, **common)
        case (_, "ITEM_USER_ALREADY_EXISTS"):
            return PluggyItemExists(text, item_ids=_item_ids(body), **common)
        case _:
            return PluggyRefused(text, **common)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait: the longer of RateLimit-Reset and Retry-After (R38), within an hour."""
    waits = [_seconds(headers.get(name)) for name in ("ratelimit-reset", "retry-after")]
    return max((wait for wait in waits if wait is not None), default=None)


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:  # absent, or the date form, which Pluggy does not use
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS) if math.isfinite(seconds) else None


def read_error_body(answer: Answer) -> ErrorBody:
    """The error body, empty if there is none to read."""
    try:
        return decode_as(answer.body, ErrorBody) if _is_json(answer) else ErrorBody()
    except msgspec.DecodeError:
        return ErrorBody()


_SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9_]{1,79}")
_ERROR_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


def symbolic_code(body: ErrorBody) -> str | None:
    """Pluggy's `codeDescription`, None unless it looks like one."""
    code = body.code_description
    return code if isinstance(code, str) and _SYMBOL.fullmatch(code) else None


def _describe(answer: Answer, code: str | None, body: ErrorBody) -> str:
    error_id = body.error_id if isinstance(body.error_id, str) and _ERROR_ID.fullmatch(body.error_id) else None
    parts = [f"{answer.call}: status {answer.status}", code, f"error id {error_id}" if error_id else None]
    return ", ".join(part for part in parts if part)


def _details(body: ErrorBody) -> list[Detail]:
    rows = next((rows for rows in (body.details, body.errors) if isinstance(rows, list) and rows), [])
    names = ("parameter", "code", "message")
    return [Detail(*(_text(row.get(name)) for name in names)) for row in rows if isinstance(row, dict)]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _item_ids(body: ErrorBody) -> list[str]:
    rows = body.items if isinstance(body.items, list) else []
    ids = [row.get("id") if isinstance(row, dict) else row for row in rows]
    return [item_id for item_id in ids if isinstance(item_id, str)]


def _allowed_at(data: Mapping[str, Any]) -> datetime | None:
    """When the item may be updated again, from either of the two forms of `data`."""
    try:
        if "canRetryAfterDate" in data:
            return msgspec.convert(data["canRetryAfterDate"], datetime)
        hours = timedelta(hours=float(data["minUpdateFrequencyAllowedInHours"]))
        return msgspec.convert(data["lastUpdatedAt"], datetime) + hours
    except (KeyError, TypeError, ValueError, OverflowError, msgspec.ValidationError):
        return None
