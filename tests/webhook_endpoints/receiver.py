"""An integrator's server, as good or as bad as a test wants it, on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import msgspec
from standardwebhooks import Webhook


@dataclass
class Received:
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, object]:
        return dict(msgspec.json.decode(self.body))

    def verify(self, secret: str) -> None:
        """Check the signature as an integrator does; raises WebhookVerificationError."""
        Webhook(secret).verify(self.body, self.headers)


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """Answers each request with `answer`, raw bytes; `script` takes over once the request is read."""

    port: int = 0
    answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n"
    script: Script | None = None
    delay: float = 0.0
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?tenant=7"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        self.most_at_once = max(self.most_at_once, self.open_now)
        try:
            self.requests.append(await _read(reader))
            await asyncio.sleep(self.delay)
            if self.script is not None:
                await self.script(reader, writer)
            else:
                writer.write(self.answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open_now -= 1
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = head.split("\r\n")[1:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Received(headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@asynccontextmanager
async def running_receiver(receiver: Receiver | None = None, **given: object) -> AsyncIterator[Receiver]:
    """Yield a receiver that listens."""
    served = receiver or Receiver()
    server = await asyncio.start_server(served.handle, "127.0.0.1", 0, **given)  # type: ignore[arg-type] # ssl=…
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await server.wait_closed()


def answering(status: int, headers: str = "", body: str = "") -> bytes:
    """Return an answer as it goes over the wire."""
    return f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{headers}\r\n{body}".encode()
