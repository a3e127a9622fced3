"""The API as an operator starts it, one process, on a port of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from benchmarks.lab import Database
from sandbox.stack.children import free_port

_START_SECONDS = 30


@asynccontextmanager
async def running_api(database: Database, factory: str) -> AsyncIterator[int]:
    """Yield the port of a running `factory` (module:function) on the database."""
    port = free_port()
    options = ("--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--log-level", "warning")
    with database.process("uvicorn", "--factory", factory, *options) as child:
        async with asyncio.timeout(_START_SECONDS):
            while not await _listens(port):
                assert child.poll() is None, "the API ended at its start"
                await asyncio.sleep(0.05)
        yield port


async def _listens(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False
