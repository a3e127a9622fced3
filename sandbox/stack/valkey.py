"""An embedded Valkey server on 127.0.0.1. It keeps nothing on disk: the service loses nothing when it is flushed."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path

from sandbox.stack.binaries import unprivileged_account, valkey_server
from sandbox.stack.children import free_port, spawn, stop, wait_until_ready


class ValkeyServer:
    """One server, its log in `directory`; the password lasts as long as this object."""

    stop_signal = death_signal = signal.SIGTERM

    def __init__(self, directory: Path, *, port: int | None = None, log: Path | None = None) -> None:
        self.directory = directory.absolute()
        self.log = log or self.directory / "valkey.log"
        self.port = port
        self.child: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_hex(24)

    def url(self, database: int = 0) -> str:
        """The address of one of its 16 databases."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/{database}"

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server's process, without waiting until it is ready."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        self.child = spawn(
            [valkey_server(), "-"],  # settings on stdin: a password on the command line is everybody's
            log=self.log,
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            account=unprivileged_account(valkey_server()),
            death_signal=self.death_signal,
            directory=Path("/"),
            stdin=subprocess.PIPE,
        )
        settings = f'bind 127.0.0.1\nport {self.port}\nrequirepass {self._password}\nsave ""\nappendonly no\n'
        assert self.child.stdin is not None  # noqa: S101 - asked for above
        with self.child.stdin as stdin:
            stdin.write(settings.encode())
        return self.child

    def is_ready(self) -> bool:
        """Whether it answers our password with a PONG: another server that took the port does not."""
        address = ("127.0.0.1", self.port or 0)
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1) as connection:
            connection.sendall(f"AUTH {self._password}\r\nPING\r\nQUIT\r\n".encode())
            return connection.makefile("rb").read().startswith(b"+OK\r\n+PONG\r\n")
        return False

    def start(self) -> None:
        """Return once it answers."""
        wait_until_ready(self.launch(), self.is_ready, name="Valkey", log=self.log, timeout_seconds=10)

    def stop(self, *, timeout_seconds: float = 5) -> None:
        """Stop it if it runs."""
        if self.child is not None:
            stop(self.child, stop_signal=self.stop_signal, timeout_seconds=timeout_seconds)
            self.child = None
