"""Background tasks of a process and their end."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

_AGAIN_SECONDS: Final = 0.5


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel the tasks and return once they have ended, however they end.

    They are asked again and again: a client that is just connecting to Redis may take a cancellation for its own
    timeout and go on, and a process that waits for it would never stop (R14).
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN_SECONDS)
