"""What was asked of the stand-in: the last thousand requests, and a count for each endpoint."""

import re
import time
from collections import Counter, deque
from datetime import datetime

import msgspec

from sandbox.asgi import Message, Scope, Send
from sandbox.clock import iso

_KEPT, _ENDPOINTS = 1000, 500
_ID = re.compile(r"/([0-9a-fA-F-]{36}|\d+)(?=/|$)")


class Entry(msgspec.Struct, rename="camel"):
    at: str | None
    method: str
    path: str
    query: str
    endpoint: str = ""
    status: int | None = None  # None: no answer, or not yet
    milliseconds: int | None = None
    fault: str | None = None


class Journal:
    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=_KEPT)
        self.statuses: dict[str, Counter[int | None]] = {}

    def clear(self) -> None:
        self.entries.clear()
        self.statuses.clear()

    def open(self, scope: Scope, now: datetime) -> Entry:
        query = scope["query_string"].decode("latin-1")
        entry = Entry(at=iso(now), method=scope["method"], path=scope["path"], query=query)
        self.entries.append(entry)
        return entry

    def watch(self, entry: Entry, send: Send) -> Send:
        """`send`, noting the status on its way."""
        started = time.monotonic()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                entry.milliseconds = int((time.monotonic() - started) * 1000)
            await send(message)

        return noting

    def close(self, entry: Entry) -> None:
        """Count the request under its endpoint: the path with `{id}` for every id."""
        entry.endpoint = f"{entry.method} {_ID.sub('/{id}', entry.path)}"
        known = entry.endpoint in self.statuses or len(self.statuses) < _ENDPOINTS
        self.statuses.setdefault(entry.endpoint if known else "others", Counter())[entry.status] += 1
