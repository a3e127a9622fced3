"""An ASGI app behind a real server on loopback: in the test's own loop, or in a thread for tests that have none."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


class QuietServer(uvicorn.Server):
    """Leaves the signals to pytest: an interrupt ends the tests, not the server under them."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @property
    def port(self) -> int:
        """Where it listens once it has started."""
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port

    @property
    def address(self) -> str:
        """The same for clients."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def running_server(app: Any, *, port: int = 0, **config: Any) -> AsyncIterator[QuietServer]:
    """Yield a server of this loop's, on any free port unless one is given; stopped when the block ends."""
    server = QuietServer(uvicorn.Config(app, port=port, **{"log_level": "warning", "access_log": False, **config}))
    task = asyncio.create_task(server.serve())
    while not server.started:  # uvicorn has a flag, no event
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        await task


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Its address, served by a thread of its own; stopped when the block ends."""
    server = QuietServer(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield server.address
    server.should_exit = True
    thread.join(10)
