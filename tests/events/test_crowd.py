"""A thousand idle streams on one process: a case of `make faults`."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from app.clock import utc_now
from app.events.hub import MAX_STREAMS_OF_OWNER
from app.events.tickets import make_ticket
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources, open_resources
from app.settings import Settings
from tests.conftest import add_owner
from tests.events.test_router import record
from tests.events.test_stream import STREAM, Served, eventually, served_api
from tests.http_support import changed

STREAMS = int(os.environ.get("CROWD_STREAMS", "0"))
STATM = Path("/proc/self/statm")

pytestmark = pytest.mark.skipif(not STREAMS or not STATM.exists(), reason="a case of `make faults`, on Linux")


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Browser:
    """A client that holds a stream open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def opened(cls, served: Served, owner_id: UUID) -> "Browser":
        """Open a stream by a ticket of the owner's and return once it has begun."""
        principal = Principal(owner_id, DEFAULT_SCOPES, "person")
        ticket, _ = make_ticket(served.app.state.resources.vault, principal, now=utc_now())
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(f"GET {STREAM}browser/?ticket={ticket} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        browser = cls(reader, writer)
        assert b"200" in await reader.readline()
        await browser.line(b"retry:")
        return browser

    async def line(self, start: bytes) -> bytes:
        """Return the next line that begins so."""
        while not (line := await self._reader.readline()).startswith(start):
            if not line:
                raise EOFError
        return line

    async def heard(self) -> float:
        """Return when the next event came."""
        told = json.loads((await self.line(b"data:")).partition(b":")[2])
        assert told["data"] == {"number": 7}
        return time.monotonic()

    def close(self) -> None:
        """Go away without a word."""
        self._writer.transport.abort()


async def test_a_thousand_idle_streams_are_held_by_one_process_and_hear_at_once(
    settings: Settings, owner_id: UUID, resources: Resources, record_property: Callable[[str, object], None]
) -> None:
    """Each costs memory of the order of a connection, and none keeps requests from being answered."""
    owners = [owner_id]
    while len(owners) * MAX_STREAMS_OF_OWNER < STREAMS:
        owners.append(await add_owner(resources.sessions, f"listener-{len(owners)}"))
    async with (  # without a limit by address: all clients are at one
        open_resources(changed(settings, rate_limit_public=0), statement_ms=10_000) as opened,
        served_api(opened, Principal(owner_id, DEFAULT_SCOPES, "person")) as served,
    ):
        (await Browser.opened(served, owner_id)).close()  # whatever is made once is made
        await eventually(lambda: served.open_streams == 0)
        before = resident()
        browsers: list[Browser] = []
        for at in range(0, STREAMS, 50):
            wanted = [owners[number % len(owners)] for number in range(at, min(at + 50, STREAMS))]
            browsers += await asyncio.gather(*(Browser.opened(served, each) for each in wanted))
        assert served.open_streams == STREAMS
        per_stream = (resident() - before) / STREAMS

        began = time.monotonic()
        answer = await served.http.get("/healthz")
        answered = time.monotonic() - began
        told = time.monotonic()
        for each in owners:
            await record(opened.sessions, each, number=7)
        async with asyncio.timeout(60):
            last = max(await asyncio.gather(*(browser.heard() for browser in browsers))) - told
        for browser in browsers:
            browser.close()
        await eventually(lambda: served.open_streams == 0)

    record_property("streams", STREAMS)
    record_property("kib_per_stream_with_its_client", round(per_stream / 1024, 1))
    record_property("healthz_milliseconds", round(answered * 1000, 1))
    record_property("last_heard_seconds", round(last, 2))
    assert answer.status_code == 200
    assert per_stream < 256 * 1024
