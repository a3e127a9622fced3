"""Exceptions become application/problem+json (RFC 9457): one table from what was raised to what a client reads."""

import math
import re
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from socket import gaierror
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app import http_errors
from app.clock import utc_now
from app.errors import AppError
from app.pluggy.errors import PluggyAuthError, PluggyError, PluggyListMoved, PluggyUnavailable

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = 2
_BY_STATUS: dict[int, tuple[type[AppError], str]] = {
    400: (http_errors.MalformedRequest, "The body is not valid JSON."),
    404: (http_errors.NotFound, "There is nothing at this path."),
    405: (http_errors.MethodNotAllowed, "This path does not take this method."),
    413: (http_errors.PayloadTooLarge, "The body is larger than this path takes."),
    415: (http_errors.UnsupportedMediaType, "Send the body as application/json."),
}
_UNSTORABLE_TEXT = ("22021", "22P05")  # NUL and the like: JSON has them, PostgreSQL's text does not
_PASSING_SQLSTATES = ("08", "28", "3D", "53", "57", "58", "25P03", "40001", "40P01", "55P03")
_PASSING_ERRORS = (PoolTimeout, RedisError, ConnectionError, TimeoutError, gaierror, ssl.SSLError)


class FieldError(BaseModel):
    """One fault of a request. `pointer` begins with where it is: `/body`, `/query`, `/path` or `/header`.

    `user_message` is for the person, beside the field; null where a developer and no person put the value there.
    """

    pointer: str
    detail: str
    user_message: str | None = None


class Problem(BaseModel):
    """Why a request was refused. `code` is stable; `user_message` may be shown to a person as it is."""

    type: str
    title: str
    status: int
    detail: str | None
    code: str
    request_id: str
    user_message: str
    action: str | None
    retry_at: datetime | None
    errors: list[FieldError]


def problem_responses(*refusals: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer these refusals, each with an example."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for refusal in refusals:
        response = by_status.setdefault(refusal.status, {"description": "", "content": {MEDIA_TYPE: _content()}})
        response["description"] = f"{response['description']} {refusal.title} (`{refusal.code}`).".strip()
        response["content"][MEDIA_TYPE]["examples"][refusal.code] = {"value": _example(refusal)}
    return by_status


def _content() -> dict[str, Any]:
    return {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}


def _example(refusal: type[AppError]) -> dict[str, Any]:
    return {
        "type": f"/problems/{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": None,
        "code": refusal.code,
        "request_id": "0b7d4f6c9f8e4a52b1f6a6d1c3e5f701",
        "user_message": refusal.user_messages["pt-BR"],
        "action": None,
        "retry_at": None,
        "errors": [],
        **refusal.example,
    }


def install(app: FastAPI) -> None:
    """Make `app` answer every exception with a table entry as a problem; what has none reaches the edge, a 500."""
    for kind in (AppError, RequestValidationError, HTTPException, PluggyError, DBAPIError, *_PASSING_ERRORS):
        app.add_exception_handler(kind, _handle)


async def _handle(request: Request, error: Exception) -> Response:
    return respond(request, error)


def respond(request: Request, error: Exception) -> Response:
    """Return the problem of any exception, in the caller's language; our own faults are logged."""
    told = as_app_error(error)
    if told.status >= 500:
        _record(told, error)
    return Response(
        msgspec.json.encode(_body(request, told)), told.status, _headers(error, told), media_type=MEDIA_TYPE
    )


def as_app_error(error: Exception) -> AppError:
    """Return what a client is told about any exception."""
    match error:
        case AppError():
            return error
        case RequestValidationError():
            return http_errors.InvalidRequest("The request does not validate.", errors=field_errors(error.errors()))
        case HTTPException():
            kind, detail = _BY_STATUS.get(
                error.status_code, (http_errors.RequestRefused, "The request can't be served.")
            )
            return kind(detail)
        case PluggyError():
            return _from_pluggy(error)
        case DBAPIError():
            return _from_database(error)
    return _unavailable() if isinstance(error, _PASSING_ERRORS) else http_errors.InternalError("")


def _from_pluggy(error: PluggyError) -> AppError:
    match error:
        case PluggyUnavailable(retry_after=float() | int() as wait):
            return http_errors.PluggyIsUnavailable(
                "Pluggy gives no usable answer.", action="retry", retry_at=utc_now() + timedelta(seconds=wait)
            )
        case PluggyUnavailable() | PluggyListMoved():
            return http_errors.PluggyIsUnavailable("Pluggy gives no usable answer.", action="retry", retry_at=_soon())
        case PluggyAuthError():
            return http_errors.PluggyAuthFailed("Pluggy does not accept this service's credentials.")
    return http_errors.PluggyHasRefused("Pluggy refused the call.")


def _from_database(error: DBAPIError) -> AppError:
    sqlstate = str(getattr(error.orig, "sqlstate", None) or "")
    if sqlstate in _UNSTORABLE_TEXT:
        return http_errors.InvalidRequest("A text holds a character that can't be stored.")
    if error.connection_invalidated or sqlstate.startswith(_PASSING_SQLSTATES):
        return _unavailable()
    return http_errors.InternalError("")


def _unavailable() -> AppError:
    return http_errors.ServiceUnavailable("A part of the service does not answer.", action="retry", retry_at=_soon())


def _soon() -> datetime:
    return utc_now() + timedelta(seconds=_RETRY_SECONDS)


def _record(told: AppError, error: Exception) -> None:
    if told.status in (500, 502):
        log.error("request_failed", code=told.code, error=type(error).__name__, exc_info=error)
    else:
        log.warning("request_failed", code=told.code, error=type(error).__name__)


def _body(request: Request, error: AppError) -> dict[str, Any]:
    language = preferred_language(request.headers.get("accept-language", ""))
    return {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail or None,
        "code": error.code,
        "request_id": request.scope.get("state", {}).get("request_id", ""),
        "user_message": error.user_messages[language],
        "action": error.action,
        "retry_at": error.retry_at and error.retry_at.astimezone(UTC),
        "errors": [_field_error(fault, language) for fault in error.errors],
    }


def _field_error(fault: dict[str, Any], language: str) -> dict[str, Any]:
    words: dict[str, str] = fault.get("user_messages", {})
    return {"pointer": fault["pointer"], "detail": fault["detail"], "user_message": words.get(language)}


def _headers(error: Exception, told: AppError) -> dict[str, str]:
    own = dict(getattr(error, "headers", None) or {})  # Allow of a 405, WWW-Authenticate of a 401
    if told.retry_at is not None and told.status in (429, 503):
        own["Retry-After"] = str(max(1, math.ceil((told.retry_at - utc_now()).total_seconds())))
    return own


_LANGUAGE = re.compile(r"^(pt|en)(?:-[A-Za-z0-9-]+)?$", re.IGNORECASE)


def preferred_language(accept_language: str) -> str:
    """Return `pt-BR` or `en`, whichever the header prefers; `pt-BR` when it names neither."""
    best, best_weight = "pt-BR", 0.0
    for part in accept_language.split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        match = _LANGUAGE.match(tag.strip())
        weight = _weight(parameter)
        if match and weight > best_weight:
            best, best_weight = ("en" if match[1].lower() == "en" else "pt-BR"), weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")
_TEXTS = {
    "missing": "This is required.",
    "extra_forbidden": "There is a field that is not known here.",
    "union_tag_invalid": "The kind is not known here.",
    "uuid_parsing": "This must be a UUID.",
    "string_type": "This must be a text.",
}
_EMPTY = "This must not be empty."


def field_errors(faults: Sequence[Any]) -> list[dict[str, str]]:
    """Return pydantic's errors as `{pointer, detail}`, each once, without anything that the client sent."""
    told = dict.fromkeys((_pointer(fault), _detail(fault)) for fault in faults)
    return [{"pointer": pointer, "detail": detail} for pointer, detail in told]


def _pointer(fault: dict[str, Any]) -> str:
    place = fault["loc"][:-1] if fault["type"] == "extra_forbidden" else fault["loc"]
    return "".join(f"/{part if isinstance(part, int) or _NAME.match(part) else '*'}" for part in place)


def _detail(fault: dict[str, Any]) -> str:
    context = fault.get("ctx", {})
    if fault["type"] in {"too_short", "string_too_short"} and context.get("min_length") == 1:
        return _EMPTY
    text = _TEXTS.get(fault["type"]) or str(fault["msg"]).removeprefix("Value error, ")
    known = context.get("known")
    return (text if text.endswith(".") else text + ".") + (f" Known: {known}." if known else "")
