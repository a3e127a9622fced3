"""Servers of the benchmarks' own: PostgreSQL with full crash safety and Valkey, on free ports, gone at the end."""

import asyncio
import base64
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg

from app.database import WORKER_STATEMENT_MS
from app.logs import configure_logs
from app.resources import Resources, open_resources
from app.settings import Settings, load_settings
from sandbox.stack.children import LAUNCH, SAME_ACCOUNT, free_port
from sandbox.stack.postgres import DATABASE, SUPERUSER, PostgresServer
from sandbox.stack.valkey import ValkeyServer

ROOT: Final = Path(__file__).parent.parent
WEBHOOK_SECRET: Final = "a-secret-of-the-benchmarks-of-32-bytes"
LIST_LIMIT: Final = 50
_TEMPLATE: Final = "banking_template"
_STOP_SECONDS: Final = 10

SCALE: Final = float(os.environ.get("SCALE", "1"))
"""Shrinks the sets, to try whether a benchmark works; its figures then say little."""


def scaled(count: int, *, least: int = 1) -> int:
    """Return the size of a set; `least` is what the benchmark needs to work at all."""
    return max(least, round(count * SCALE))


def say(text: str) -> None:
    """Tell a person how far it is."""
    print(text, file=sys.stderr, flush=True)


def spread(values: Iterable[float]) -> str:
    """Return the median and the range of repeated measurements, for people."""
    ordered = sorted(values)
    return f"{statistics.median(ordered):.3g} ({ordered[0]:.3g} to {ordered[-1]:.3g}, n = {len(ordered)})"


@dataclass
class Database:
    """One migrated database of the lab, and the Valkey database beside it."""

    urls: Callable[[str], str]
    redis_url: str
    given: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings of a service on this database, by their environment names."""
        return {
            "ENVIRONMENT": "test",
            "DATABASE_URL": self.urls("banking_app"),
            "MIGRATION_DATABASE_URL": self.urls("banking_owner"),
            "REDIS_URL": self.redis_url,
            "ENCRYPTION_KEYS": "bench:" + base64.b64encode(bytes(range(32))).decode(),
            "PLUGGY_CLIENT_ID": "benchmark",
            "PLUGGY_CLIENT_SECRET": "benchmark",
            "PLUGGY_BASE_URL": "http://127.0.0.1:1",
            "PLUGGY_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "AUTH_JWKS_URL": "http://127.0.0.1:1/jwks.json",
            "AUTH_ISSUER": "https://issuer.example",
            "AUTH_AUDIENCE": "banking",
            "LOG_LEVEL": "WARNING",
            **self.given,
        }

    def settings(self) -> Settings:
        """Return the same as an object."""
        return load_settings(env_file=None, **{name.lower(): value for name, value in self.environment.items()})

    @asynccontextmanager
    async def resources(self) -> AsyncIterator[Resources]:
        """Yield what a worker has open."""
        async with open_resources(self.settings(), statement_ms=WORKER_STATEMENT_MS) as resources:
            yield resources

    @asynccontextmanager
    async def admin(self) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """Yield a connection of the superuser, whom row-level security does not hold back."""
        connection = await asyncpg.connect(self.urls(SUPERUSER))
        try:
            yield connection
        finally:
            await connection.close()

    def process(self, *command: str) -> AbstractContextManager["subprocess.Popen[str]"]:
        """Yield a running `python -m …` of the service on this database; it ends with the block."""
        return child_process(*command, environment={**self.environment, "INTERNAL_PORT": str(free_port())})


@contextmanager
def child_process(*command: str, environment: Mapping[str, str] | None = None) -> Iterator["subprocess.Popen[str]"]:
    """Yield a running `python -m …`, its input and output piped; it ends with the block, and with us."""
    wrapper = [sys.executable, "-I", "-S", LAUNCH, os.getpid(), int(signal.SIGKILL), *map(int, SAME_ACCOUNT)]
    child = subprocess.Popen(
        [*map(str, wrapper), sys.executable, "-m", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PATH": os.defpath, **(environment or {})},
    )
    with child:
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


class Lab:
    """Both servers."""

    def __init__(self, directory: Path) -> None:
        self._postgres = PostgresServer(directory / "postgres", durable=True)
        self._valkey = ValkeyServer(directory / "valkey")
        self._made = 0

    async def database(self, **given: str) -> Database:
        """Return a fresh database; `given` are settings of the service, by environment names."""
        self._made += 1
        name = f"banking_{self._made}"
        admin = await asyncpg.connect(self._postgres.url(SUPERUSER, "postgres"))
        try:
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} OWNER banking_owner")
        finally:
            await admin.close()
        database = Database(lambda user: self._postgres.url(user, name), self._valkey.url(self._made % 16), given)
        configure_logs(database.settings().service)
        return database

    def start(self) -> None:
        """Return once both accept connections and the template of all databases is migrated."""
        self._postgres.start()
        self._valkey.start()
        asyncio.run(self._prepare())
        url = self._postgres.url("banking_owner", _TEMPLATE)
        command = [sys.executable, "-m", "alembic", "upgrade", "head"]
        environment = {"MIGRATION_DATABASE_URL": url, "DATABASE_URL": url, "PATH": os.defpath}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the migrations failed:\n{done.stderr}")

    def stop(self) -> None:
        """Stop them."""
        self._valkey.stop()
        self._postgres.stop()

    async def _prepare(self) -> None:
        admin = await asyncpg.connect(self._postgres.url(SUPERUSER, DATABASE))
        try:
            # As a server of this size would be set up. Autovacuum would write at moments of its own choice; where a
            # benchmark needs it, it vacuums by itself.
            for setting in ("shared_buffers = '1GB'", "max_wal_size = '16GB'", "autovacuum = off"):
                await admin.execute(f"ALTER SYSTEM SET {setting}")
            await admin.execute(f"CREATE DATABASE {_TEMPLATE} OWNER banking_owner")
        finally:
            await admin.close()
        self._postgres.stop()
        self._postgres.start()


@contextmanager
def running_lab() -> Iterator[Lab]:
    """Yield the lab; its processes and files are gone afterwards, however the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="banking-bench-"))
    directory.chmod(0o755)  # as root, the servers run as another account
    lab = Lab(directory)
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()
        shutil.rmtree(directory, ignore_errors=True)
