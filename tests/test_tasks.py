"""The end of background tasks."""

import asyncio

from app.tasks import end_tasks


async def test_a_task_that_takes_a_cancellation_for_something_else_is_ended_all_the_same() -> None:
    """R14: a process that is asked to stop stops."""
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if swallowed == 2:
                    raise
                swallowed += 1

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)

    async with asyncio.timeout(10):
        await end_tasks(tasks)

    assert swallowed == 2
    assert all(task.cancelled() for task in tasks)
