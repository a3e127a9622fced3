"""The quick start for front-end developers: its types compile under `strict`, and its code does what its text says."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from app.tasks import end_tasks
from tests.events.test_stream import Served, served_api
from tests.stand_in import StandIn
from worker.job import Runner

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "quickstart.md").read_text()
BLOCKS: dict[str, str] = dict(re.findall(r"```ts\n// (\S+)\n(.*?)```", GUIDE, re.DOTALL))
SHELL: list[str] = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
PACKAGES = ("openapi-fetch@0", "openapi-typescript@7", "typescript@5")
TOOLS = ROOT / ".tools" / "quickstart"
NOT_RUN = "QUICK START NOT COMPILED: "
OPTIONS = ("--strict", "--target", "es2023", "--lib", "es2023,dom", "--module", "nodenext", "--skipLibCheck", "false")


@pytest.fixture(scope="module")
def tools() -> Path:
    """The packages that the text names, installed once and kept; nothing of them is committed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip(NOT_RUN + "node and npm are not installed")
    if not (TOOLS / "complete").exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline", "--prefix"]
        try:
            done = subprocess.run([*install, str(TOOLS), *PACKAGES], capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip(NOT_RUN + "npm did not get the packages within two minutes")
        if done.returncode != 0:
            pytest.skip(NOT_RUN + "npm could not get the packages: " + done.stderr[-200:])
        (TOOLS / "complete").touch()
    return TOOLS


@pytest.fixture(scope="module")
def project(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A front end's folder with the code of the text, compiled."""
    folder = tmp_path_factory.mktemp("quickstart")
    (folder / "node_modules").symlink_to(tools / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    for name, code in BLOCKS.items():
        (folder / name).write_text(code)
    binaries = tools / "node_modules" / ".bin"
    generate = shlex.split(SHELL[0].splitlines()[-1])[2:]
    run(folder, binaries / "openapi-typescript", ROOT / "docs" / "openapi.json", *generate[1:])
    run(folder, binaries / "tsc", *OPTIONS, "schema.d.ts", *sorted(BLOCKS))
    return folder


def run(folder: Path, *command: str | Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
async def served(resources: Resources, owner_id: UUID) -> AsyncIterator[Served]:
    """The API on a port."""
    async with served_api(resources, Principal(owner_id, DEFAULT_SCOPES, "person")) as running:
        yield running


@asynccontextmanager
async def working(runner: Runner, stand_in: StandIn) -> AsyncIterator[None]:
    """A worker beside the front end, and a bank whose clock runs fast."""

    async def work() -> None:
        while True:
            await stand_in.control("POST", "/clock", {"seconds": 1})
            await runner.settle()
            await asyncio.sleep(0.05)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        await end_tasks([task])
        await runner.stop()  # what it began writes on when only its waiting is cancelled


async def in_node(project: Path, served: Served, script: str, **given: Any) -> Any:
    """Run a script beside the compiled code; return what it prints, decoded."""
    given["api"] = f"http://127.0.0.1:{served.port}"
    imports = "".join(f'import * as {name[:-3]} from "./{name[:-3]}.js";\n' for name in BLOCKS)
    opened = 'const api = banking.connectTo(given.api, () => "good");\n'
    (project / "main.js").write_text(f"{imports}const given = {json.dumps(given)};\n{opened}{script}")
    child = await asyncio.create_subprocess_exec(
        "node", "main.js", cwd=project, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        out, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()
    return json.loads(out)


def test_every_block_of_code_is_known_to_these_tests() -> None:
    named = " ".join(line for line in SHELL[0].splitlines() if line.startswith("npm install")).split()

    assert len(re.findall(r"```ts\n", GUIDE)) == len(BLOCKS)
    assert len(re.findall(r"^```\w", GUIDE, re.MULTILINE)) == len(BLOCKS) + len(SHELL)
    assert set(BLOCKS) == {"banking.ts", "ledger.ts", "connect.ts", "act.ts"}
    assert {package.partition("@")[0] for package in PACKAGES} <= set(named)


def test_the_types_of_the_api_and_the_code_compile_under_strict(project: Path) -> None:
    """A field that is not there is found before anybody opens a browser."""
    wrong = 'import type { Account } from "./banking.js";\nexport const f = (account: Account) => account.balanse;\n'
    (project / "wrong.ts").write_text(wrong)

    with pytest.raises(AssertionError, match="balanse"):
        run(project, TOOLS / "node_modules" / ".bin" / "tsc", *OPTIONS, "--noEmit", "wrong.ts")


async def test_a_bank_is_connected_and_its_ledger_shown(
    project: Path, served: Served, resources: Resources, runner: Runner, stand_in: StandIn
) -> None:
    script = """
    const opened = await connect.openWidget(api);
    const body = JSON.stringify({ connectorId: 2, parameters: { user: "user-ok", password: "password-ok" } });
    const headers = { "X-API-KEY": opened.connect_token, "Content-Type": "application/json" };
    const item = await (await fetch(given.bank + "/items", { method: "POST", headers, body })).json();
    const begun = await api.POST("/api/banking/connections/create_from_item/", { body: { item_id: item.id } });
    const healthy = await connect.settled(api, begun.data.id, 0.1);
    let shown = [];
    for (; shown.length === 0; await new Promise((wake) => setTimeout(wake, 200))) {
      for (const account of await ledger.accounts(api)) {
        for await (const row of ledger.transactions(api, account.id)) shown.push(ledger.money(row.amount, "BRL"));
      }
    }
    console.log(JSON.stringify({ url: opened.connect_url, ready: healthy.is_ready, screen: act.screenFor(healthy),
      rows: shown.length, first: shown[0] }));
    """

    async with working(runner, stand_in):
        told = await in_node(project, served, script, bank=stand_in.url)

    assert told["ready"] is True
    assert told["screen"] == "accounts"
    assert told["rows"] > 100
    assert re.fullmatch(r"-?R\$\xa0[\d.]+,\d{2}", told["first"])


async def test_a_code_is_asked_for_and_given(
    project: Path, served: Served, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    body = {
        "connectorId": 5,
        "parameters": {"user": "user-ok", "password": "password-ok"},
        "clientUserId": str(owner_id),
    }
    item = await stand_in.api("POST", "/items", body)
    script = """
    const asked = await connect.connect(api, given.item);
    const done = await act.answer(api, asked, "123456");
    console.log(JSON.stringify({ screen: act.screenFor(asked), prompt: asked.action_required.prompt.label,
      ready: done.is_ready }));
    """

    async with working(runner, stand_in):
        told = await in_node(project, served, script, item=item["id"])

    assert told == {"screen": "ask for the code", "prompt": told["prompt"], "ready": True}
    assert told["prompt"]


async def test_a_refusal_is_told_in_words_to_show(project: Path, served: Served, stand_in: StandIn) -> None:
    script = """
    const refused = await connect.connect(api, "00000000-0000-4000-8000-00000000000f").catch((error) => error);
    console.log(JSON.stringify({ is: refused instanceof banking.Refused, code: refused.problem?.code,
      says: refused.message }));
    """

    told = await in_node(project, served, script)

    assert told == {
        "is": True,
        "code": "item_not_found",
        "says": "Não encontramos essa conexão com o banco. Conecte novamente.",
    }
