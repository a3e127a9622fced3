"""A stand-in behind a real server on a free port, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from sandbox.app import create_app
from sandbox.world import Config


@contextmanager
def serving(seed: str) -> Iterator[str]:
    """Its address; stopped when the block ends."""
    server = uvicorn.Server(uvicorn.Config(create_app(Config(seed=seed)), port=0, log_level="critical"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
