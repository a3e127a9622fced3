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
from typing import Any
from urllib.request import Request, urlopen

import asyncpg
import pytest

from sandbox.stack.api import service_of
from sandbox.stack.verify import verify
from tests.stack.support import is_alive, processes_naming, wait_for

ROOT = Path(__file__).parents[2]
STARTED = "Serving until Ctrl-C."


class Run:
    """A stack of its own process; `output` grows while it runs."""

    def __init__(self, command: str, data_dir: Path, api_port: int) -> None:
        self.data_dir = data_dir
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "DATA_DIR": str(data_dir),
            "API_PORT": str(api_port),
            "SANDBOX_PORT": str(api_port),  # the same one: one of the two must give way
            "PLUGGY_CLIENT_ID": "00000000-0000-4000-8000-000000000001",  # whatever a .env says
        }
        self._file = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it lives as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.stack", command],
            stdout=self._file,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=self.environment,
        )

    @property
    def output(self) -> str:
        self._file.seek(0)
        return self._file.read()

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.data_dir / "run.json").read_text())
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
    rmtree(path)


@pytest.fixture(scope="module")
def run(data_dir: Path) -> Iterator[Run]:
    """A running stack whose wanted ports are busy; killed at the end, unless a test did so."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        stack = Run("run", data_dir, busy.getsockname()[1])
        stack.wait_for_output(STARTED)
        yield stack
    stack.process.kill()
    stack.process.wait()


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


def test_an_api_that_is_killed_comes_back(run: Run) -> None:
    port = run.facts["api_url"].rpartition(":")[2]
    (api,) = processes_naming(f"app.main:create_app --host 127.0.0.1 --port {port}")

    os.kill(api, signal.SIGKILL)
    run.wait_for_output("API runs again.")

    assert get(f"{run.facts['api_url']}/healthz", "") is not None


def test_a_killed_supervisor_leaves_no_process_and_its_data_is_reused(run: Run, data_dir: Path) -> None:
    count = len(ledger(run))
    children = children_of(run.process.pid)
    assert len(children) == 5

    run.process.kill()
    run.process.wait()
    wait_for(lambda: not any(map(is_alive, children)) and not processes_naming(data_dir))
    refused = run.call("token")
    second = Run("run", data_dir, 0)
    second.wait_for_output(STARTED)
    again = len(ledger(second))
    began = time.monotonic()
    second.process.send_signal(signal.SIGINT)
    code = second.process.wait(20)

    assert "No stack runs on" in refused.stderr
    assert again == count
    assert time.monotonic() - began < 10
    assert (code, processes_naming(data_dir)) == (0, [])
    assert not (data_dir / "run.json").exists()


def test_the_demo_proves_the_ledger_equal_and_leaves_nothing(data_dir: Path) -> None:
    """Runs last, on the data that the others left."""
    demo = Run("demo", data_dir, 0)

    code = demo.process.wait(60)

    assert code == 0, demo.output
    assert re.fullmatch(r"demo ok: \d+ accounts, \d+ transactions, equal to the stand-in", demo.output.splitlines()[-1])
    assert not processes_naming(data_dir)


def ledger(run: Run) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        async with service_of(run.facts) as service:
            return await service.all_rows("transactions/")

    return asyncio.run(read())


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]
