"""One PostgreSQL and one Valkey for a whole test session, gone when it ends, however it ends."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple, Self

from sandbox.stack.postgres import DATABASE, ROLES, SUPERUSER, PostgresServer
from sandbox.stack.valkey import ValkeyServer

PREFIX = "banking-tests-"


class ServerUrls(NamedTuple):
    """Addresses that fit into a message to an xdist worker."""

    postgres_by_user: dict[str, str]
    valkey: str

    def postgres(self, user: str, database: str = DATABASE) -> str:
        """The address for `banking_owner`, `banking_app`, or the superuser `postgres`."""
        return self.postgres_by_user[user].removesuffix(DATABASE) + database


class Servers:
    """Both servers, started in about a second; without crash safety."""

    def __init__(self) -> None:
        remove_leftovers()
        self.directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self.directory.chmod(0o755)  # the servers may run as another account
        self._postgres = PostgresServer(self.directory / "postgres", durable=False)
        self._valkey = ValkeyServer(self.directory / "valkey")

    @classmethod
    def started(cls) -> Self:
        """Running servers; nothing is left running when one of them fails to start."""
        servers = cls()
        try:
            servers._postgres.start()
            servers._valkey.start()
        except BaseException:
            servers.stop()
            raise
        return servers

    @property
    def urls(self) -> ServerUrls:
        """Where they listen."""
        users = (*ROLES, SUPERUSER)
        return ServerUrls({user: self._postgres.url(user) for user in users}, self._valkey.url())

    def stop_valkey(self) -> None:
        """Let Valkey be gone."""
        self._valkey.stop()

    def restart_postgres(self) -> None:
        """Stop PostgreSQL with whoever is connected, and start it again at its address."""
        self._postgres.stop()
        self._postgres.start()

    def stop(self) -> None:
        """Stop them and remove their files."""
        self._valkey.stop()
        self._postgres.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def remove_leftovers() -> None:
    """Remove the files of sessions that were killed; their servers ended with them."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = directory.name.removeprefix(PREFIX).split("-")[0]
        if not _is_alive(int(pid)):
            shutil.rmtree(directory, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
