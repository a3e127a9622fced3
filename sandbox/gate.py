"""What every request passes before its route: faults, limits, the key, the accepted form; and the log of it."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sandbox.tokens import Caller, read_token
from sandbox.wire import ApiError
from sandbox.world import World

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

PUBLIC = re.compile(
    r"/auth|/connect(/.*)?|/oauth/.*|/openapi\.json|/docs(/.*)?|/_control(/.*)?|/statements/.*|/healthz|/"
)
# What a connect token may do; everything else is 403 to it.
_WIDGET_MAY = tuple(
    (method, re.compile(path))
    for method, path in (
        ("GET", r"/connectors(/[^/]+)?"),
        ("POST", r"/items"),
        ("GET", r"/items/[^/]+"),
        ("PATCH", r"/items/[^/]+"),
        ("POST", r"/items/[^/]+/mfa"),
        ("GET", r"/accounts"),
    )
)


class Gate:
    def __init__(self, app: Asgi, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["query_string"] = _without_brackets(scope["query_string"])
        if PUBLIC.fullmatch(scope["path"]) is None:
            try:
                _check_accept(scope)
                scope["caller"] = self._authenticate(scope)
            except ApiError as refusal:
                await refusal.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _authenticate(self, scope: Scope) -> Caller:
        caller = read_token(self._world, _header(scope, b"x-api-key"))
        if caller is None:
            raise ApiError(403, "Missing or invalid authorization token")
        if caller.is_widget and not _widget_may(scope["method"], scope["path"]):
            raise ApiError(403, "Connect token is not allowed to access this resource")
        return caller


def _widget_may(method: str, path: str) -> bool:
    return any(method == allowed and pattern.fullmatch(path) for allowed, pattern in _WIDGET_MAY)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _without_brackets(query: bytes) -> bytes:
    """`ids[]=x` is `ids=x`: one of the forms in which clients send arrays."""
    return re.sub(rb"(^|&)([A-Za-z]+)(?:\[\d*\]|%5[Bb]\d*%5[Dd])=", rb"\1\2=", query)


def _check_accept(scope: Scope) -> None:
    accept = _header(scope, b"accept").lower()
    if accept and not any(kind in accept for kind in ("*/*", "application/*", "json")):
        raise ApiError(406, "Only application/json is supported")
