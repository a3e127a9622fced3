"""What the supervisor does with services that end, can't start, or don't want to stop."""

import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from sandbox.stack.children import StackError, spawn
from sandbox.stack.services import Service, Supervisor
from tests.stack.support import is_alive, processes_naming

SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "open(sys.argv[1] + '/ignores', 'w').close(); time.sleep(60)"
)
FAILING = "print('the cause'); raise SystemExit(3)"


def make_service(directory: Path, code: str = SLEEP, *, is_ready: Callable[[], bool] = lambda: True) -> Service:
    """A Python program as a service; `directory` is its argument and holds its log."""
    log = directory / "service.log"
    launch = partial(spawn, [sys.executable, "-S", "-c", code, directory], log=log, environment={})
    return Service("sleeper", launch, is_ready, log, "Try harder.", stop_seconds=0.3)


async def eventually(condition: Callable[[], object], *, seconds: float = 10) -> None:
    """Return once the condition holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_service_that_is_killed_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    service = make_service(tmp_path)
    await supervisor.start(service)
    assert service.child is not None
    first = service.child.pid

    service.child.kill()
    await eventually(lambda: "sleeper runs again." in said)
    second = service.child.pid
    await supervisor.stop()

    assert second != first
    assert said[0] == "sleeper ended (code -9); starting it again in 0.5 s."
    assert not processes_naming(tmp_path)


async def test_pauses_between_starts_grow(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    await supervisor.start(make_service(tmp_path, "raise SystemExit(3)"))

    await eventually(lambda: "sleeper ended (code 3); starting it again in 1 s." in said)
    await supervisor.stop()

    assert "in 0.5 s" in said[0]


async def test_a_service_that_cannot_start_says_why_and_what_to_do(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _: None)
    service = make_service(tmp_path, FAILING, is_ready=lambda: False)

    with pytest.raises(StackError, match=r"sleeper ended at start \(code 3\)[\s\S]*the cause\n  Try harder\.$"):
        await supervisor.start(service)

    await supervisor.stop()


async def test_a_service_that_is_never_ready_is_given_up_and_stopped(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _: None)
    service = make_service(tmp_path, is_ready=lambda: False)
    service.ready_seconds = 0.2

    with pytest.raises(StackError, match="was not ready within"):
        await supervisor.start(service)
    await supervisor.stop()

    assert not processes_naming(tmp_path)


async def test_a_service_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _: None)
    service = make_service(tmp_path, STUBBORN, is_ready=(tmp_path / "ignores").exists)
    await supervisor.start(service)

    begun = time.monotonic()
    await supervisor.stop()

    assert service.child is not None
    assert not is_alive(service.child.pid)
    assert 0.3 <= time.monotonic() - begun < 2


async def test_what_stands_on_others_is_stopped_before_them(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda _: None)
    lower, upper = (make_service(tmp_path) for _ in range(2))
    await supervisor.start(lower)
    await supervisor.start(upper)
    alive_at_stop: list[bool] = []
    stop_upper = upper.stop

    async def stop_and_look() -> None:
        await stop_upper()
        assert lower.child is not None
        alive_at_stop.append(is_alive(lower.child.pid))

    upper.stop = stop_and_look  # type: ignore[method-assign] # to see the moment between the two
    await supervisor.stop()

    assert alive_at_stop == [True]
    assert not processes_naming(tmp_path)
