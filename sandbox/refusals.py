"""The framework's own refusals in Pluggy's words: 400 instead of 422, and one error shape for all."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from sandbox.wire import ApiError, Json

_MUST = {
    "uuid_parsing": "must be a UUID",
    "uuid_type": "must be a UUID",
    "int_parsing": "must be an integer number",
    "int_type": "must be an integer number",
    "bool_parsing": "must be a boolean value",
    "bool_type": "must be a boolean value",
    "string_type": "must be a string",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_attributes_type": "must be an object",
}
_NAMES = {404: "Not Found", 405: "Method Not Allowed"}


def _sentence(error: dict[str, Any]) -> str:
    place: Sequence[object] = error["loc"][1:] or error["loc"]
    name = ".".join(str(part) for part in place)
    kind = error["type"]
    if kind == "missing":
        unset = f"{name} should not be null or undefined"
        return f"{unset},{name} must be a UUID" if name.endswith("Id") and error["loc"][0] == "query" else unset
    if kind == "json_invalid":
        return "Unexpected token in JSON"
    if kind in ("enum", "literal_error"):
        return f"{name} must be one of the following values: {error['ctx']['expected']}"
    return f"{name} {_MUST.get(kind, 'is not valid')}"


async def _invalid(_: Request, error: Exception) -> Json:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- the handler's type
    return ApiError(400, ",".join(dict.fromkeys(_sentence(part) for part in error.errors()))).response()


async def _http(request: Request, error: Exception) -> Json:
    assert isinstance(error, HTTPException)  # noqa: S101
    message = str(error.detail)
    if error.status_code in _NAMES:
        message = f"Cannot {request.method} {request.url.path}" if error.status_code == 404 else "Method Not Allowed"
    return ApiError(error.status_code, message, headers=error.headers).response()


async def _refused(_: Request, error: Exception) -> Json:
    assert isinstance(error, ApiError)  # noqa: S101
    return error.response()


async def _broken(_: Request, __: Exception) -> Json:
    return ApiError(500, "Internal Server Error", "INTERNAL_SERVER_ERROR").response()


def install(app: FastAPI) -> None:
    app.add_exception_handler(Exception, _broken)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ApiError, _refused)
