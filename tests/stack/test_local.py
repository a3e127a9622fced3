"""`make run` and `make demo` as a person has them: one start that is killed, a second on the same data."""

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any, Self
from urllib.request import Request, urlopen

import asyncpg
import pytest

from sandbox.stack.api import Json, connect_to, service_of
from sandbox.stack.config import STAND_IN_CLIENT_ID
from sandbox.stack.demo import ITEM, fill_ledger
from sandbox.stack.verify import verify
from tests.stack.support import is_alive, processes_naming, wait_for

ROOT = Path(__file__).parents[2]
STARTED = "Serving until Ctrl-C."


class Run:
    """A stack in a process of its own, its two wanted ports the same: one must give way. Killed on leaving."""

    def __init__(self, command: str, data_dir: Path, *, port: int = 0) -> None:
        data_dir.mkdir(exist_ok=True)
        self.data_dir = data_dir
        self._output = data_dir / f"{command}-{time.monotonic_ns()}.txt"
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "DATA_DIR": str(data_dir),
            "API_PORT": str(port),
            "SANDBOX_PORT": str(port),
            "PLUGGY_CLIENT_ID": STAND_IN_CLIENT_ID,  # whatever a .env says
        }
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sandbox.stack", command],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self.environment,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def facts(self) -> Json:
        facts: Json = json.loads((self.data_dir / "run.json").read_text())
        return facts

    def wait_for_output(self, text: str) -> None:
        wait_for(lambda: text in self.output or self.process.poll() is not None, seconds=60)
        assert text in self.output, self.output

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of the stack on the same data."""
        command = [sys.executable, "-m", "sandbox.stack", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="stack-run-"))
    path.chmod(0o755)
    yield path
    wait_for(lambda: not processes_naming(path))
    rmtree(path)


@pytest.fixture(scope="module")
def run(data_dir: Path) -> Iterator[Run]:
    """A running stack whose wanted ports are busy."""
    with (
        socket.create_server(("127.0.0.1", 0)) as busy,
        Run("run", data_dir / "run", port=busy.getsockname()[1]) as stack,
    ):
        stack.wait_for_output(STARTED)
        yield stack


def get(url: str, token: str) -> Any:
    with urlopen(Request(url, headers={"Authorization": f"Bearer {token}"})) as answer:
        return json.loads(answer.read())


def test_a_busy_port_is_replaced_and_said_so(run: Run) -> None:
    port = run.environment["API_PORT"]

    assert run.output.count(f"Port {port} is busy; using ") == 2
    assert get(f"{run.facts['api_url']}/healthz", "") is not None


def test_run_json_holds_what_a_client_needs(run: Run) -> None:
    facts = run.facts

    names = {"api_url", "sandbox_url", "docs_url", "token", "owner", "database_url", "redis_url"}
    assert set(facts) == names
    assert all(facts.values())
    assert (run.data_dir / "run.json").stat().st_mode & 0o777 == 0o600


def test_the_ledger_is_shown_with_brazilian_numbers(run: Run) -> None:
    assert re.search(r"^ *bank +type +number +balance$", run.output, re.MULTILINE), run.output
    assert re.search(r"^ *day +description +category +amount$", run.output, re.MULTILINE), run.output
    assert re.search(r"\d{2}/\d{2}/\d{4} .* -?R\$ [\d.]+,\d{2}$", run.output, re.MULTILINE), run.output


def test_the_printed_curl_lines_work_when_pasted(run: Run) -> None:
    lines = [line for line in run.output.splitlines() if line.startswith("curl ")]

    answers = [subprocess.run(shlex.split(line), cwd="/", capture_output=True, check=True).stdout for line in lines]

    accounts, transactions, sync = map(json.loads, answers)
    assert accounts["results"]
    assert len(transactions["results"]) == 5
    assert sync["id"]


def test_a_token_of_another_owner_shows_an_empty_ledger(run: Run) -> None:
    printed = run.call("token", "--owner", "ana")

    answer = get(f"{run.facts['api_url']}/api/banking/accounts/", printed.stdout.strip())

    assert answer["results"] == []


def test_the_operators_commands_reach_the_running_stack(run: Run) -> None:
    listed, mistyped = run.call("banking", "connections", "list"), run.call("banking", "connections", "smash")

    assert (listed.returncode, "Pluggy Bank PF  HEALTHY" in listed.stdout) == (0, True), listed.stderr
    assert (mistyped.returncode, "usage: banking" in mistyped.stderr) == (2, True)
    assert (run.data_dir / "environment.json").stat().st_mode & 0o777 == 0o600


def test_a_second_run_on_the_same_data_says_so(run: Run) -> None:
    second = run.call("run")

    assert second.returncode == 1
    assert f"already runs on {run.data_dir} ({run.facts['api_url']})" in second.stderr


async def test_one_centavo_in_the_database_is_found(run: Run) -> None:
    """R78: the comparer is not a formality."""
    passwords = json.loads((run.data_dir / "postgres" / "passwords.json").read_text())
    address = run.facts["database_url"].split("@")[1]
    said: list[str] = []

    before = await verify_run(run, said)
    database = await asyncpg.connect(f"postgresql://postgres:{passwords['postgres']}@{address}")
    altered = await database.fetchrow(
        "UPDATE transactions SET amount = amount + 0.01 WHERE ctid = (SELECT min(ctid) FROM transactions)"
        " RETURNING owner_id, id, pluggy_id::text"
    )
    after = await verify_run(run, said)
    assert altered is not None
    await database.execute("UPDATE transactions SET amount = amount - 0.01 WHERE id = $1", altered["id"])
    await database.close()

    assert (before, after) == (0, 1)
    assert altered["pluggy_id"] in "\n".join(said)


async def verify_run(run: Run, said: list[str]) -> int:
    async with service_of(run.facts) as service:
        connections = await service.all_rows("connections/")
        return await verify(service, run.facts["sandbox_url"], connections, said.append)


async def test_a_start_that_was_cut_short_after_the_login_is_made_up_for(run: Run) -> None:
    """The bank knows the login already, of this owner and of another; neither keeps the owner from a ledger."""
    facts = {**run.facts, "token": run.call("token", "--owner", "eva").stdout.strip()}
    async with service_of(facts) as service:
        token = (await service.call("POST", "connections/create_connect_token/", {}))["connect_token"]
        async with connect_to(facts["sandbox_url"], {"X-API-KEY": token}) as bank:
            await bank.call("POST", "/items", ITEM)

        connections = await fill_ledger(service, facts["sandbox_url"], lambda _: None)

    assert connections
    assert all(connection["last_read_at"] for connection in connections)


def test_an_api_that_is_killed_comes_back(run: Run) -> None:
    port = run.facts["api_url"].rpartition(":")[2]
    (api,) = processes_naming(f"app.main:create_app --host 127.0.0.1 --port {port}")

    os.kill(api, signal.SIGKILL)
    run.wait_for_output("API runs again.")

    assert get(f"{run.facts['api_url']}/healthz", "") is not None


def test_the_ledger_outlives_a_killed_stack_and_an_orderly_stop(run: Run) -> None:
    """Neither leaves a process behind, nothing is doubled, and the demo proves the ledger equal to the bank's.

    The last test of this file: it ends the stack that the others use.
    """
    count, children = len(settled_ledger(run)), children_of(run.process.pid)
    run.kill()
    wait_for(lambda: not any(map(is_alive, children)) and not processes_naming(run.data_dir))
    without_stack = run.call("token")
    command_without_stack = run.call("banking", "connections", "list")

    with Run("run", run.data_dir) as second:
        second.wait_for_output(STARTED)
        again, began = len(settled_ledger(second)), time.monotonic()
        second.process.send_signal(signal.SIGINT)
        code = second.process.wait(20)
        seconds_to_stop, left = time.monotonic() - began, processes_naming(second.data_dir)

    with Run("demo", run.data_dir) as demo:
        demo_code = demo.process.wait(60)

    assert len(children) == 5
    assert "No stack runs on" in without_stack.stderr
    assert (command_without_stack.returncode, "Pluggy Bank PF" in command_without_stack.stdout) == (0, True)
    assert again == count > 0
    assert (code, left, seconds_to_stop < 10) == (0, [], True)
    assert demo_code == 0, demo.output
    assert re.fullmatch(rf"demo ok: \d+ accounts, {count} transactions, equal to the stand-in", last_line(demo))
    assert not processes_naming(demo.data_dir)
    assert not (demo.data_dir / "run.json").exists()


def last_line(run: Run) -> str:
    return run.output.splitlines()[-1]


def settled_ledger(run: Run) -> list[Json]:
    """The transactions once no sync is under way: one that a kill cuts short would wait for its lease to end."""

    async def read() -> list[Json]:
        async with service_of(run.facts) as service:
            (connection,) = await service.all_rows("connections/")
            while any(
                not sync["finished_at"] for sync in await service.all_rows(f"connections/{connection['id']}/syncs/")
            ):
                await asyncio.sleep(0.1)
            return await service.all_rows("transactions/")

    return asyncio.run(asyncio.wait_for(read(), 60))


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]
