"""Faults on purpose: rules by path that break, slow or bend answers, each as often as it is told to."""

import asyncio
import contextlib
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, urlencode

import msgspec

from sandbox.asgi import Asgi, Message, Receive, Scope, Send
from sandbox.clock import iso
from sandbox.limits import too_many
from sandbox.records import FaultRule
from sandbox.wire import ApiError, encode, from_cursor, to_cursor
from sandbox.world import World

_DRIPS = 20
_NEWEST = ("9000-01-01T00:00:00.000Z", "ffffffff-ffff-4fff-bfff-ffffffffffff")
Page = dict[str, Any]


class Faults:
    def __init__(self, world: World) -> None:
        self._world = world
        self._last_rows: dict[str, Any] = {}  # walk -> last row of its page before

    def take(self, method: str, path: str, query: str) -> FaultRule | None:
        """The first rule that wants this request, with one of its times used up."""
        for rule in self._world.faults:
            if rule.remaining == 0 or rule.method not in (None, method):
                continue
            if not (fnmatchcase(path, rule.path) and fnmatchcase(query, rule.query)):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                self._world.faults.put(rule.id, rule)
                continue
            rule.hits += 1
            rule.remaining = None if rule.remaining is None else rule.remaining - 1
            self._world.faults.put(rule.id, rule)
            return rule
        return None

    async def play(self, rule: FaultRule, app: Asgi, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request as the rule says, through `app` where its answer is still wanted."""
        match rule.kind:
            case "status":
                await ApiError(rule.status, "Injected fault").response()(scope, receive, send)
            case "rate_limit":
                await too_many(360, max(1, int(rule.seconds))).response()(scope, receive, send)
            case "delay":
                await asyncio.sleep(rule.seconds)
                await app(scope, receive, send)
            case "hang":
                await _hang(receive, rule.seconds)
            case _:
                answer = await _collect(app, scope, receive)
                await self._send_bent(rule, answer, scope, send)

    async def _send_bent(self, rule: FaultRule, answer: "_Answer", scope: Scope, send: Send) -> None:
        match rule.kind:
            case "drip":
                await answer.send(send, pieces=_DRIPS, pause=rule.seconds / _DRIPS)
            case "cut":
                await answer.send(send, finish=False)
            case "truncate":
                await answer.with_body(answer.body[: len(answer.body) // 2]).send(send)
            case "malformed":
                await answer.with_body(answer.body[:-1] + b",,]").send(send)
            case "content_type":
                page = b"<html><body><h1>Bad Gateway</h1></body></html>"
                await answer.with_body(page, content_type=b"text/html").send(send)
            case _:
                await answer.with_body(self._bend_page(rule, answer.body, scope)).send(send)

    def _bend_page(self, rule: FaultRule, body: bytes, scope: Scope) -> bytes:
        try:
            page = msgspec.json.Decoder(float_hook=Decimal).decode(body)
        except msgspec.DecodeError:
            return body
        if not isinstance(page, dict) or not page.get("results"):
            return body
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        if rule.kind == "bad_row":
            page["results"][0] = {**page["results"][0], "date": "not a date", "amount": "not a number"}
        elif rule.kind == "moving_page":
            self._move(f"{rule.id}|{scope['path']}|{asked.get('accountId')}", rule.hits, page)
        elif page.get("next"):
            after = _leads_to(rule, page, asked.get("after", [None])[0])
            page["next"] = page["next"].split("after=")[0] + urlencode({"after": after})
        return encode(page)

    def _move(self, walk: str, moved: int, page: Page) -> None:
        """As if a row had come in above while the client was reading: the last page's last row shows again."""
        before = self._last_rows.get(walk)
        self._last_rows[walk] = page["results"][-1]
        if "total" in page:
            page["total"] += moved
        if before is not None:
            page["results"] = [before, *page["results"]]


def _leads_to(rule: FaultRule, page: Page, asked: str | None) -> str:
    """The cursor that a bent page gives instead of its own."""
    if rule.kind == "repeat_cursor":  # the one just used: a client that trusts it never ends
        return asked or parse_qs(page["next"][1:])["after"][0]
    # duplicate_page: the page just read, once more under another cursor; its own `next` then leads on.
    if asked is None:
        return to_cursor(*_NEWEST)
    instant, id_ = from_cursor(asked)
    return to_cursor(iso(instant) or "", f"{id_}|{rule.hits}")


async def _hang(receive: Receive, seconds: float) -> None:
    """Say nothing for `seconds`, or until the client has gone; then end without an answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass


class _Answer:
    def __init__(self, start: Message, body: bytes) -> None:
        self._start = start
        self.body = body

    def with_body(self, body: bytes, *, content_type: bytes | None = None) -> "_Answer":
        headers = [(key, value) for key, value in self._start["headers"] if key != b"content-length"]
        if content_type:
            headers = [(key, content_type if key == b"content-type" else value) for key, value in headers]
        headers.append((b"content-length", str(len(body)).encode()))
        return _Answer({**self._start, "headers": headers}, body)

    async def send(self, send: Send, *, pieces: int = 1, pause: float = 0, finish: bool = True) -> None:
        await send(self._start)
        body = self.body if finish else self.body[: len(self.body) // 2]
        size = max(1, -(-len(body) // pieces))
        for start in range(0, max(len(body), 1), size):
            last = start + size >= len(body)
            piece = body[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": not (last and finish)})
            if pause:
                await asyncio.sleep(pause)


async def _collect(app: Asgi, scope: Scope, receive: Receive) -> _Answer:
    start: Message = {}
    pieces: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            pieces.append(message.get("body", b""))

    await app(scope, receive, keep)
    return _Answer(start, b"".join(pieces))
