"""An embedded PostgreSQL server on 127.0.0.1, with the roles and the database of the service."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from sandbox.stack.binaries import postgres_directory, unprivileged_account
from sandbox.stack.children import SAME_ACCOUNT, StackError, free_port, last_lines, spawn, stop, wait_until_ready
from sandbox.stack.files import write_private

SUPERUSER: Final = "postgres"
ROLES: Final = ("banking_owner", "banking_app")
DATABASE: Final = "banking"

# A clean environment: neither PG* variables nor an uninstalled locale of the caller's may change the server.
ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "jit": "off",
}
NOT_DURABLE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresServer:
    """One server and its files in `directory`; `durable=False` gives up crash safety for speed, for tests.

    The first start makes the cluster; later ones reuse it and its passwords. `port` is None until it is first started,
    unless given.
    """

    stop_signal = death_signal = signal.SIGINT  # PostgreSQL's "fast" shutdown: it does not wait for clients

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        durable: bool = True,
        log: Path | None = None,
        programs: Path | None = None,
    ) -> None:
        self.directory = directory.absolute()
        self.cluster = self.directory / "cluster"
        self.log = log or self.directory / "postgres.log"
        self.port = port
        self.durable = durable
        self.child: subprocess.Popen[bytes] | None = None
        self._programs = programs or postgres_directory()
        self._account = SAME_ACCOUNT
        self._passwords: dict[str, str] = {}

    def url(self, user: str, database: str = DATABASE) -> str:
        """The address for one of `ROLES` or SUPERUSER."""
        return f"postgresql://{user}:{self._passwords[user]}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the cluster unless it is there; about a second. An interrupted attempt leaves nothing half made."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._account = unprivileged_account(self._programs, self.cluster)
        passwords = self.directory / "passwords.json"
        if self.cluster.exists():
            self._passwords = json.loads(passwords.read_text())
        else:
            self._passwords = {user: secrets.token_hex(24) for user in (SUPERUSER, *ROLES)}
            write_private(passwords, json.dumps(self._passwords))
            self._make_cluster()
        self._give_to_account(self.cluster)
        self._wait_for_predecessor()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server's process, without waiting until it is ready."""
        self.port = self.port or free_port()
        settings = {**SETTINGS, **({} if self.durable else NOT_DURABLE), "port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.child = spawn(
            [self._programs / "postgres", "-D", self.cluster, *options],
            log=self.log,
            environment=ENVIRONMENT,
            account=self._account,
            death_signal=self.death_signal,
            directory=self.cluster,
        )
        return self.child

    def is_ready(self) -> bool:
        """Whether it accepts connections, by the state that it keeps in its pid file."""
        lines = self._pid_file()
        return self.child is not None and lines[:1] == [str(self.child.pid)] and lines[7:] == ["ready"]

    def start(self) -> None:
        """Return once it accepts connections."""
        self.prepare()
        wait_until_ready(self.launch(), self.is_ready, name="PostgreSQL", log=self.log, timeout_seconds=30)

    def stop(self, *, timeout_seconds: float = 10) -> None:
        """Stop it if it runs."""
        if self.child is not None:
            stop(self.child, stop_signal=self.stop_signal, timeout_seconds=timeout_seconds)
            self.child = None

    def _make_cluster(self) -> None:
        fresh = self.directory / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._give_to_account(fresh)
        self._run(
            *("initdb", "-D", fresh, "-U", SUPERUSER, "--no-sync", "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        )
        roles = [f"CREATE ROLE {role} LOGIN PASSWORD '{self._passwords[role]}';" for role in ROLES]
        superuser = f"ALTER ROLE {SUPERUSER} PASSWORD '{self._passwords[SUPERUSER]}';"
        database = f"CREATE DATABASE {DATABASE} OWNER {ROLES[0]};"
        # Single-user mode ends every statement at the line's end and needs no password, port or client.
        self._run("postgres", "--single", "-D", fresh, "postgres", stdin="\n".join([superuser, *roles, database, ""]))
        (fresh / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        fresh.rename(self.cluster)

    def _run(self, program: str, *arguments: str | Path, stdin: str = "") -> None:
        child = spawn(
            [self._programs / program, *arguments],
            log=self.log,
            environment=ENVIRONMENT,
            account=self._account,
            directory=self.directory,
            stdin=subprocess.PIPE,
        )
        child.communicate(stdin.encode())
        if child.returncode != 0:
            raise StackError(f"{program} failed (code {child.returncode}).\n{last_lines(self.log)}")

    def _give_to_account(self, directory: Path) -> None:
        if self._account.uid >= 0:
            for path in (directory, *directory.rglob("*")):
                os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)

    def _wait_for_predecessor(self) -> None:
        """A server whose supervisor was killed may still be shutting down on these files.

        A pid file whose process is another program by now (a reboot, a new container) would keep PostgreSQL down.
        """
        deadline = time.monotonic() + 10
        while lines := self._pid_file():
            process = Path("/proc", lines[0])
            if not Path("/proc/self").exists():
                return  # PostgreSQL's own check must do
            if not process.exists() or str(self.cluster) not in (process / "cmdline").read_text():
                (self.cluster / "postmaster.pid").unlink(missing_ok=True)
            elif time.monotonic() > deadline:
                raise StackError(f"PostgreSQL already runs on {self.cluster} (process {lines[0]}). Stop it first.")
            time.sleep(0.05)

    def _pid_file(self) -> list[str]:
        try:
            return [line.strip() for line in (self.cluster / "postmaster.pid").read_text().splitlines()]
        except OSError:
            return []
