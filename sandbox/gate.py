"""What every request passes before its route: faults, limits, the key, the accepted form; and the log of it."""

import re

from sandbox.asgi import Asgi, Receive, Scope, Send, header
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.limits import Limiter
from sandbox.tokens import Caller, read_token
from sandbox.wire import ApiError
from sandbox.world import World

PUBLIC = re.compile(r"/auth|/connect(/.*)?|/oauth/.*|/openapi\.json|/statements/.*|/")
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
    def __init__(self, app: Asgi, world: World, journal: Journal) -> None:
        self._app = app
        self._world = world
        self._journal = journal
        self._faults = Faults(world)
        self._limiter = Limiter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_control"):
            await self._app(scope, receive, send)
            return
        scope["query_string"] = _without_brackets(scope["query_string"])
        entry = self._journal.open(scope, self._world.now())
        try:
            rule = self._faults.take(entry.method, entry.path, entry.query)
            noting = self._journal.watch(entry, send)
            if rule is None:
                await self._admit(scope, receive, noting)
            else:
                entry.fault = rule.kind
                await self._faults.play(rule, self._admit, scope, receive, noting)
        finally:
            self._journal.close(entry)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if self._world.settings.rate_limits:
                address = scope["client"][0] if scope.get("client") else ""
                self._limiter.check(self._world.now(), address, scope["method"], scope["path"])
            if PUBLIC.fullmatch(scope["path"]) is None:
                _check_accept(scope)
                scope["caller"] = self._authenticate(scope)
        except ApiError as refusal:
            await refusal.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _authenticate(self, scope: Scope) -> Caller:
        caller = read_token(self._world, header(scope, b"x-api-key"))
        if caller is None:
            raise ApiError(403, "Missing or invalid authorization token")
        if caller.is_widget and not _widget_may(scope["method"], scope["path"]):
            raise ApiError(403, "Connect token is not allowed to access this resource")
        return caller


def _widget_may(method: str, path: str) -> bool:
    return any(method == allowed and pattern.fullmatch(path) for allowed, pattern in _WIDGET_MAY)


def _without_brackets(query: bytes) -> bytes:
    """`ids[]=x` is `ids=x`: one of the forms in which clients send arrays."""
    return re.sub(rb"(^|&)([A-Za-z]+)(?:\[\d*\]|%5[Bb]\d*%5[Dd])=", rb"\1\2=", query)


def _check_accept(scope: Scope) -> None:
    accept = header(scope, b"accept").lower()
    if accept and not any(kind in accept for kind in ("*/*", "application/*", "json")):
        raise ApiError(406, "Only application/json is supported")
