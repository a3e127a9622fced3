"""HTTP load from a process of its own: `clients` connections, each asking again as soon as it is answered.

`python -m benchmarks.load` reads one JSON object from stdin and prints one; `put_load` starts it.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import msgspec
import uvloop

from benchmarks.lab import child_process

UNIQUE: Final = "u" * 32
"""Where this stands in a request, each copy sent bears 32 other hexadecimal digits."""


class Order(msgspec.Struct):
    """What to send: requests are drawn at random from `requests`."""

    port: int
    clients: int
    seconds: float
    requests: list[str]


class Outcome(msgspec.Struct):
    """What came of it. `errors` are answers other than 2xx, and connections that broke."""

    answers: int
    errors: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Return the answers a second."""
        return self.answers / self.seconds


async def put_load(order: Order) -> Outcome:
    """Return the outcome once the last answer is in."""
    with child_process("benchmarks.load") as child:
        printed, _ = await asyncio.to_thread(child.communicate, msgspec.json.encode(order).decode())
    return msgspec.json.decode(printed, type=Outcome)


def request(method: str, target: str, headers: dict[str, str] | None = None, body: str = "") -> str:
    """Return a request as it goes over the wire."""
    lines = [f"{method} {target} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if method == "POST":
        lines += ["content-type: application/json", f"content-length: {len(body.encode())}"]
    return "\r\n".join([*lines, "", body])


@dataclass
class Tally:
    """Counts over all clients."""

    errors: int = 0
    milliseconds: list[float] = field(default_factory=list)


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: list[bytes], tally: Tally, until: float) -> None:
        self._requests = requests
        self._tally = tally
        self._until = until
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._sent_at = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end or len(rest) < _content_length(head):
            return
        self._received = b""
        self._tally.milliseconds.append((time.perf_counter() - self._sent_at) * 1000)
        self._tally.errors += not head.startswith(b"HTTP/1.1 2")
        self._send()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self._tally.errors += 1
            self.done.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        self._sent_at = time.perf_counter()
        if self._sent_at >= self._until:
            self.done.set_result(None)
            self._transport.close()
            return
        chosen = random.choice(self._requests)
        self._transport.write(chosen.replace(UNIQUE.encode(), uuid4().hex.encode(), 1))


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def _work(order: Order) -> Outcome:
    loop, tally, start = asyncio.get_running_loop(), Tally(), time.perf_counter()
    requests = [text.encode() for text in order.requests]
    clients = []
    for _ in range(order.clients):
        _, client = await loop.create_connection(
            lambda: Client(requests, tally, start + order.seconds), "127.0.0.1", order.port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    seconds = time.perf_counter() - start
    ordered = sorted(tally.milliseconds)
    middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return Outcome(len(ordered) - tally.errors, tally.errors, seconds, middle, late)


if __name__ == "__main__":
    outcome = uvloop.run(_work(msgspec.json.decode(sys.stdin.read(), type=Order)))
    print(json.dumps(msgspec.to_builtins(outcome)))
