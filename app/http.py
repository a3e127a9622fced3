"""The edge: what every request passes before routing, and every answer on its way out."""

import re
import time
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from uuid import uuid4

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics.instruments import REQUEST_SECONDS, REQUESTS
from app.problems import respond

log = structlog.get_logger()

API_ROOT: Final = "/api/banking/"
OPENAPI_PATH: Final = API_ROOT + "openapi.json"
DOCS_PATH: Final = API_ROOT + "docs/"
DOCS_ASSETS_PATH: Final = DOCS_PATH + "assets/"

DEFAULT_BODY_BYTES: Final = 64 * 1024
BODY_BYTES: Final = {
    API_ROOT + "webhooks/pluggy/": 1024 * 1024,
    API_ROOT + "transactions/bulk_categorize/": 512 * 1024,
}
"""Paths that take longer bodies than `DEFAULT_BODY_BYTES` (R62)."""

_SECURITY_HEADERS: Final = (
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Sent with every answer; a route that sets one of them keeps its own (R76)."""

_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Edge:
    """Gives a request its id and canonical path, bounds its body, logs it, and answers what nobody else caught."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["path"] = canonical_path(scope["path"])
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        await _Exchange(scope, receive, send, request_id).run(self._app)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._request_id = request_id.encode()
        self._body_bytes = BODY_BYTES.get(scope["path"], DEFAULT_BODY_BYTES)
        self._bytes_seen = 0
        self._status = 0
        self._began = time.perf_counter()

    async def run(self, app: ASGIApp) -> None:
        try:
            await app(self._scope, self.receive, self.send)
        except Exception as error:
            if self._status:  # the answer is under way: all that is left is to cut it off
                log.exception("answer_cut_off", error=type(error).__name__)
                raise
            await respond(Request(self._scope), error)(self._scope, self.receive, self.send)
        finally:
            self._record()

    async def receive(self) -> Message:
        """Pass on the body as it streams in; raise a 413 as soon as it declares, or reaches, more than it may."""
        if not self._bytes_seen and (_declared_bytes(self._scope) or 0) > self._body_bytes:
            raise HTTPException(413, headers={"Connection": "close"})
        message = await self._receive()
        if message["type"] == "http.request":
            self._bytes_seen += len(message.get("body", b""))
            if self._bytes_seen > self._body_bytes:
                raise HTTPException(413, headers={"Connection": "close"})
        return message

    async def send(self, message: Message) -> None:
        """Pass on the answer with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = list(message.get("headers", ()))
            present = {name for name, _ in headers}
            headers += [header for header in _SECURITY_HEADERS if header[0] not in present]
            headers += self._scope["state"].get("answer_headers", ())
            headers.append((b"x-request-id", self._request_id))
            message["headers"] = headers
        await self._send(message)

    def _record(self) -> None:
        seconds = time.perf_counter() - self._began
        route = getattr(self._scope.get("route"), "path", "none")  # the template: ids are no labels
        method = self._scope["method"] if route != "none" else "other"
        REQUESTS.labels(method, route, self._status).inc()
        REQUEST_SECONDS.labels(route).observe(seconds)
        log.info(
            "request_answered",
            method=self._scope["method"],
            path=self._scope["path"],
            status=self._status,
            milliseconds=round(seconds * 1000, 1),
        )


def canonical_path(path: str) -> str:
    """Return the one spelling of a path: with a final slash inside the API, without one elsewhere."""
    if path.startswith(API_ROOT) and path != OPENAPI_PATH and not path.startswith(DOCS_ASSETS_PATH):
        return path if path.endswith("/") else path + "/"
    return path.rstrip("/") or "/"


def client_address(connection: HTTPConnection, trusted: Sequence[Network]) -> Address | None:
    """Return who sent the request: the nearest address that is not one of our proxies (R58).

    A forwarding header counts only as far as trusted proxies wrote it. None when the transport has no address.
    """
    hops = [part.strip() for value in connection.headers.getlist("x-forwarded-for") for part in value.split(",")]
    peer = _address(connection.client.host) if connection.client else None
    while peer is not None and hops and any(peer in network for network in trusted):
        peer = _address(hops.pop())
    return peer


def network_of(address: Address | None) -> str:
    """Return what a limit by address counts: the address, for IPv6 the /64 of one subscriber."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return "unknown" if address is None else str(address)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


def _request_id(scope: Scope) -> str:
    given = _header(scope, b"x-request-id")
    return given.decode() if given and _SANE_REQUEST_ID.fullmatch(given) else uuid4().hex


def _declared_bytes(scope: Scope) -> int | None:
    declared = _header(scope, b"content-length")
    return int(declared) if declared and declared.isdigit() else None
