"""Keeps services running: starts them, starts them again when they end, and stops them in the reverse order."""

import asyncio
import inspect
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sandbox.stack.children import StackError, last_lines

POLL_SECONDS: Final = 0.05
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0
STEADY_START_SECONDS: Final = 1.0


async def ended(child: subprocess.Popen[bytes]) -> int:
    """Wait for a child's end; its return code."""
    while (code := child.poll()) is None:  # noqa: ASYNC110 - not every system has an event for it
        await asyncio.sleep(POLL_SECONDS)
    return code


@dataclass
class Service:
    """One long-running child. `remedy` tells a person what to do when it can't start.

    Without `is_ready` it counts as ready when it has lasted a second.
    """

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    is_ready: Callable[[], bool | Awaitable[bool]] | None
    log: Path
    remedy: str
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 3
    ready_seconds: float = 30
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _launched_at: float = field(default=0, init=False)

    async def start(self) -> None:
        """Return once it is ready; StackError with the end of its log when it ends first or takes too long."""
        self.child = self.launch()
        self._launched_at = time.monotonic()
        deadline = time.monotonic() + self.ready_seconds
        while not await self._ready():
            if self.child.poll() is not None:
                raise StackError(self._complaint(f"ended at start (code {self.child.returncode})"))
            if time.monotonic() > deadline:
                raise StackError(self._complaint(f"was not ready within {self.ready_seconds:.0f} s"))
            await asyncio.sleep(POLL_SECONDS)

    async def ended(self) -> int:
        """Wait for the child's end; its return code."""
        return 0 if self.child is None else await ended(self.child)

    async def stop(self) -> None:
        """Ask it to end; end it when it does not within `stop_seconds`."""
        if self.child is None or self.child.poll() is not None:
            return
        self.child.send_signal(self.stop_signal)
        with suppress(TimeoutError):
            async with asyncio.timeout(self.stop_seconds):
                await self.ended()
        if self.child.poll() is None:
            self.child.kill()
            await self.ended()

    async def _ready(self) -> bool:
        if self.is_ready is None:
            return time.monotonic() - self._launched_at > STEADY_START_SECONDS
        answer = self.is_ready()
        return await answer if inspect.isawaitable(answer) else answer

    def _complaint(self, what: str) -> str:
        return f"{self.name} {what}.\n{last_lines(self.log)}\n  {self.remedy}"


class Supervisor:
    """Services in tiers: a tier is started together, kept running, and stopped before the tiers it stands on."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._tiers: list[tuple[Service, ...]] = []
        self._keepers: set[asyncio.Task[None]] = set()

    async def start(self, *services: Service) -> None:
        """Start a tier and keep it running; StackError when one of its services can't start."""
        self._tiers.append(services)
        await asyncio.gather(*(service.start() for service in services))
        self._keepers |= {asyncio.create_task(self._keep(service)) for service in services}

    async def stop(self) -> None:
        """Stop everything, newest tier first; whatever happens, nothing is left running."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for tier in reversed(self._tiers):
            await asyncio.gather(*(service.stop() for service in tier))
        self._tiers.clear()

    async def _keep(self, service: Service) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            since = time.monotonic()
            code = await service.ended()
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - since > STEADY_SECONDS else pause
            self._say(f"{service.name} ended (code {code}); starting it again in {pause:g} s.")
            self._say(last_lines(service.log, 5))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            try:
                await service.start()
            except (StackError, OSError) as error:
                self._say(str(error))
                await service.stop()
            else:
                self._say(f"{service.name} runs again.")
