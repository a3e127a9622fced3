"""The one background task: wakes when something is due, lives it, sleeps until the next."""

import asyncio
import contextlib
import logging

from sandbox.courier import Courier
from sandbox.items import delete_if_idle
from sandbox.lifetime import settle
from sandbox.world import World

_LONGEST_SLEEP = 60.0
_log = logging.getLogger(__name__)


class Conductor:
    def __init__(self, world: World, courier: Courier) -> None:
        self._world = world
        self.courier = courier
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.courier.close()

    async def catch_up(self) -> None:
        """Live everything due by now and wait for the deliveries it caused to be attempted once."""
        await self._step()
        await self.courier.drain()

    async def _run(self) -> None:
        while True:
            self._world.wake.clear()
            try:
                pause = await self._step()
            except Exception:  # noqa: BLE001 -- one item's trouble must not stop time for the others
                _log.exception("A step of the stand-in failed; trying again.")
                pause = 1.0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._world.wake.wait()

    async def _step(self) -> float:
        """Do what is due; answers for how many real seconds nothing more will be."""
        while (item := self._world.items.take_due(self._world.now())) is not None:
            settle(self._world, item)
            self._world.items.note(item)
            await asyncio.sleep(0)  # the world may be another after this
        if self._world.settings.sandbox_idle_delete_days:
            for each in self._world.items:
                delete_if_idle(self._world, each)
        ahead = (self._world.items.next_due(), self.courier.dispatch())
        pauses = [self._world.clock.real_seconds_until(at) for at in ahead if at is not None]
        return min((pause for pause in pauses if pause is not None), default=_LONGEST_SLEEP)
