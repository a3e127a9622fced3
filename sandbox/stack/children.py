"""Child processes that end with their parent, and what to say when one ends too early."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

LAUNCH = Path(__file__).with_name("launch.py")


class Account(NamedTuple):
    """Whom a child runs as; `pass_closed_directories` lets it reach files below a home that is closed to others."""

    uid: int = -1
    gid: int = -1
    pass_closed_directories: bool = False


SAME_ACCOUNT = Account()


class StackError(Exception):
    """The stack can't do what was asked; the text says why and what to do."""


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    account: Account = SAME_ACCOUNT,
    death_signal: signal.Signals = signal.SIGKILL,
    directory: Path | None = None,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """A running child, its output appended to `log`.

    Linux sends `death_signal` when the calling *thread* ends: call it from one that lives as long as the child should.
    The child has a session of its own: Ctrl-C reaches it only through us, in the order we choose.
    """
    wrapper = [sys.executable, "-I", "-S", LAUNCH, os.getpid(), int(death_signal), *map(int, account)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [*map(str, wrapper), *map(str, command)],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )


def wait_until_ready(
    child: subprocess.Popen[bytes], is_ready: Callable[[], bool], *, name: str, log: Path, timeout_seconds: float
) -> None:
    """Return once `is_ready()`; StackError with the log's last lines when the child ends or time runs out first."""
    deadline = time.monotonic() + timeout_seconds
    while not is_ready():
        if child.poll() is not None:
            raise StackError(f"{name} ended at start (code {child.returncode}).\n{last_lines(log)}")
        if time.monotonic() > deadline:
            raise StackError(f"{name} was not ready within {timeout_seconds:.0f} s.\n{last_lines(log)}")
        time.sleep(0.01)


def stop(
    child: subprocess.Popen[bytes], *, stop_signal: signal.Signals = signal.SIGTERM, timeout_seconds: float
) -> None:
    """Ask the child to end, and end it when it does not; returns once it is gone."""
    if child.poll() is None:
        child.send_signal(stop_signal)
        try:
            child.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, indented, with the log's path above it."""
    lines = log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []
    return "\n".join([f"  last lines of {log}:", *(f"    {line}" for line in lines)])


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on this TCP port of 127.0.0.1."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is not in the way
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
