"""What the texts say is so: settings, paths, links, tables, and the lines that a reader pastes."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import HttpUrl
from pydantic_core import PydanticUndefined
from sqlalchemy import text

from app.cli import make_parser
from app.database import Sessions, transaction
from app.http import API_ROOT
from app.jobs import FUNCTIONS
from app.main import create_app
from app.owed import POLICIES
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from app.retention.rules import OF_OWNER, OF_SERVICE, STAYS
from app.routing import policy_table
from app.settings import (
    AuthSettings,
    DatabaseSettings,
    PluggySettings,
    RetentionSettings,
    ServiceSettings,
    Settings,
    SyncSettings,
)
from app.tables import CONTROL_TABLES, metadata
from sandbox.stack.children import free_port
from tests.http_support import KnownCaller, changed, make_settings
from tests.serving import running_server
from tests.stand_in import StandIn
from worker.job import Runner

ROOT = Path(__file__).parent.parent
READMES = (ROOT / "README.md", ROOT / "README.pt-BR.md")
TEXTS = (*READMES, *sorted((ROOT / "docs").glob("*.md")))
TOP_FOLDERS = ("app", "benchmarks", "deploy", "docs", "migrations", "sandbox", "tests", "worker")
REQUIRED = {"required", "obrigatório"}
YOURS = {"deploy/.env"}
"""Paths that whoever deploys makes."""

LOCAL_API = "http://127.0.0.1:8000"
STRICT = """\
set -eo pipefail
curl() { command curl --fail-with-body "$@" || { echo "refused: ${@: -1}"; return 1; }; }
"""
"""Ends a script at the first call without a 2xx answer."""


def by_name(path: Path) -> str:
    return path.name


def table(source: str, heading: str) -> list[list[str]]:
    """The cells of the table whose first heading this is, without headings."""
    lines = iter(source.splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            break
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def code_blocks(source: str, info: str = "") -> list[str]:
    """The bodies of fenced blocks whose info string begins so."""
    return [
        body
        for name, body in re.findall(r"^```([^\n]*)\n(.*?)^```$", source, re.MULTILINE | re.DOTALL)
        if name.startswith(info)
    ]


def without_code(source: str) -> str:
    return re.sub(r"^```.*?^```$", "", source, flags=re.MULTILINE | re.DOTALL)


def fields() -> Iterator[tuple[str, str]]:
    """Every setting by its environment name, with its default as the environment would say it."""
    groups = (PluggySettings, AuthSettings, DatabaseSettings, SyncSettings, RetentionSettings, ServiceSettings)
    for group in groups:
        prefix = group.model_config.get("env_prefix", "")
        for name, field in group.model_fields.items():
            yield (prefix + name).upper(), as_text(field.default)


def as_text(default: Any) -> str:
    match default:
        case None | ():
            return ""
        case bool():
            return str(default).lower()
        case HttpUrl():
            return str(default).rstrip("/")
        case _:
            return "required" if default is PydanticUndefined else str(default)


@pytest.mark.parametrize(("readme", "heading"), [(READMES[0], "setting"), (READMES[1], "variável")])
def test_the_readme_lists_every_setting_with_its_default(readme: Path, heading: str) -> None:
    rows = table(readme.read_text(), heading)

    listed = {name.strip("`"): "required" if default in REQUIRED else default.strip("`") for name, default, _ in rows}
    assert listed == dict(fields())


def test_both_readmes_say_the_same_in_the_same_order() -> None:
    """Headings by level, code to the letter, tables by their first column where it is code."""
    english, portuguese = (readme.read_text() for readme in READMES)

    def shape(source: str) -> list[str]:
        lines = without_code(source).splitlines()
        return [re.match(r"#+", line)[0] for line in lines if line.startswith("#")]  # type: ignore[index] # they match

    def names(source: str) -> list[str]:
        return re.findall(r"^\| ((?:`[^`|]+`(?:, )?)+) \|", source, re.MULTILINE)

    assert shape(english) == shape(portuguese)
    assert names(english) == names(portuguese)
    assert [code_blocks(english, info) for info in ("sh", "html")] == [
        code_blocks(portuguese, info) for info in ("sh", "html")
    ]


@pytest.mark.parametrize("page", TEXTS, ids=by_name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())

    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", TEXTS, ids=by_name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    named = re.findall(rf"(?<![\w./-])((?:{'|'.join(TOP_FOLDERS)})/[\w./*-]*)", without_code(page.read_text()))

    assert [path for path in named if path not in YOURS and not list(ROOT.glob(path.rstrip("./")))] == []


@pytest.mark.parametrize("readme", READMES, ids=by_name)
def test_every_make_target_that_is_named_exists(readme: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z]+)", readme.read_text())) <= targets


def test_the_map_shows_every_part_of_the_service() -> None:
    """A newcomer reads `ls app` and the map side by side."""
    architecture = (ROOT / "docs/architecture.md").read_text()
    mapped = re.findall(r"^  (\w+(?:\.py|/)) ", code_blocks(architecture)[0], re.MULTILINE)

    parts = {path.name for path in (ROOT / "app").glob("*.py")} - {"__init__.py"}
    slices = {f"{path.name}/" for path in (ROOT / "app").iterdir() if path.is_dir()} - {"__pycache__/"}
    assert sorted(mapped) == sorted(parts | slices)


def test_the_table_of_owed_work_is_that_of_the_code() -> None:
    rows = table((ROOT / "docs/architecture.md").read_text(), "kind")

    assert [row[:5] for row in rows] == [
        [f"`{kind}`", f"`{FUNCTIONS[kind]}`", str(p.attempts), f"{p.lease.seconds} s", str(p.parallel)]
        for kind, p in POLICIES.items()
    ]


def test_docstrings_cite_headings_that_exist() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/pluggy.md").read_text(), re.MULTILINE)
    cited = [
        heading
        for folder in ("app", "worker", "sandbox")
        for path in (ROOT / folder).rglob("*.py")
        for heading in re.findall(r'docs/pluggy\.md,\s+"([^"]+)"', path.read_text())
    ]

    assert cited
    assert set(cited) <= set(headings)


def test_every_ledger_table_is_distributed() -> None:
    (sql,) = code_blocks((ROOT / "docs/scaling.md").read_text(), "sql")

    named = set(re.findall(r"'(\w+)'", sql)) - {"owner_id"}
    assert named == set(metadata.tables) - CONTROL_TABLES


def test_every_table_says_how_long_its_rows_stay() -> None:
    """R66: a new table gets its rule, or the cause why its rows stay, in app/retention/rules.py."""
    ruled = {rule.table for rule in (*OF_OWNER, *OF_SERVICE)}

    assert ruled & set(STAYS) == set()
    assert ruled | set(STAYS) == set(metadata.tables)
    assert {rule.table for rule in OF_SERVICE} <= CONTROL_TABLES
    assert {rule.table for rule in OF_OWNER} & CONTROL_TABLES == set()


def test_no_row_that_goes_leaves_one_behind_that_names_it() -> None:
    """What refers to a table with a rule goes with its rows, by the database or by the rule's parts."""
    rules = {rule.table: rule for rule in (*OF_OWNER, *OF_SERVICE)}
    named = {
        (child.name, key.column_keys[-1], key.referred_table.name)
        for child in metadata.tables.values()
        for key in child.foreign_key_constraints
        if key.referred_table.name in rules and key.ondelete != "CASCADE"
    }

    assert named == {(*part, rule.table) for rule in rules.values() for part in rule.parts}


def test_a_composed_deployment_takes_every_setting() -> None:
    compose = (ROOT / "deploy/compose.yaml").read_text()
    passed = set(re.findall(r"^  ([A-Z0-9_]+):", compose, re.MULTILINE))

    assert passed == {name for name, _ in fields()} - {"WEBHOOK_ALLOW_LOOPBACK"}  # production refuses it


def test_the_image_is_let_have_what_it_copies() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}

    assert all((ROOT / source).exists() for source in sources)
    assert sources == set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))


def test_the_example_of_a_deployment_names_all_that_it_needs() -> None:
    needed = set(re.findall(r"\$\{([A-Z_]+):\?\}", (ROOT / "deploy/compose.yaml").read_text()))
    shown = set(re.findall(r"^([A-Z_]+)=", (ROOT / "deploy/env.example").read_text(), re.MULTILINE))

    assert needed <= shown


@pytest.mark.parametrize("readme", READMES, ids=by_name)
def test_every_route_that_is_named_is_served(readme: Path) -> None:
    served = {
        f"{line.method} {re.sub(r'{.*?}', '{id}', line.path.removeprefix(API_ROOT))}"
        for line in policy_table(create_app(make_settings()))
    }

    named = set(re.findall(r"`((?:GET|POST|PATCH|DELETE) [^`]+)`", readme.read_text()))
    assert named
    assert named <= served


@pytest.mark.parametrize("page", [*READMES, ROOT / "docs/runbook.md"], ids=by_name)
def test_every_operators_command_that_is_named_is_understood(page: Path) -> None:
    commands = re.findall(r"^banking (.+)$", page.read_text(), re.MULTILINE)
    commands += re.findall(r"`banking ([^`]+)`", page.read_text())

    assert commands
    for command in commands:
        make_parser().parse_args(command.replace("ID", str(UUID(int=0))).split())  # exits when it is not understood


async def test_the_queries_for_troubleshooting_run_as_the_service(sessions: Sessions) -> None:
    queries = re.findall(r'psql "\$DATABASE_URL" -c "(SELECT [^"]+)"', READMES[0].read_text())

    assert len(queries) == 3
    async with transaction(sessions, None) as session:
        for query in queries:
            await session.execute(text(query))


@asynccontextmanager
async def served(settings: Settings, port: int, owner_id: UUID) -> AsyncIterator[None]:
    """The API on a real port, for a caller who bears `good`."""
    app = create_app(settings)
    async with running_server(app, port=port):
        verifier = app.state.authenticator
        app.state.authenticator = KnownTokenOrKey(Principal(owner_id, DEFAULT_SCOPES, "person"), verifier)
        yield


class KnownTokenOrKey(KnownCaller):
    """Admits `Bearer good`, and API keys as the service does."""

    def __init__(self, principal: Principal, service: Any) -> None:
        super().__init__(principal=principal)
        self._service = service

    async def authenticate(self, authorization: str | None, named_owner: str | None = None) -> Principal:
        if authorization is not None and authorization.startswith("Bearer bk_"):
            admitted: Principal = await self._service.authenticate(authorization, named_owner)
            return admitted
        return await super().authenticate(authorization, named_owner)


async def bash(script: str, directory: Path) -> tuple[int, str]:
    """The exit code and output of a script; 0 only if every call was answered with a 2xx."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", STRICT + script),
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_the_lines_of_the_tour_work_when_pasted(
    settings: Settings, resources: Resources, owner_id: UUID, runner: Runner, stand_in: StandIn, tmp_path: Path
) -> None:
    """All of them in their order, against a synced sandbox bank, as after `make run`."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    local = changed(settings, backend_url=HttpUrl(address))
    item_id = await stand_in.make_item(owner_id)
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data/bearer-header").write_text("Authorization: Bearer good\n")
    tour = "".join(code_blocks(READMES[0].read_text(), "sh tour")).replace(LOCAL_API, address)
    connect = (
        f"curl -s -H @.data/bearer-header -H 'Content-Type: application/json' -d '{{\"item_id\":\"{item_id}\"}}' "
        f"{address}/api/banking/connections/create_from_item/"
    )

    async with served(local, port, owner_id):
        connected = await bash(connect, tmp_path)
        await runner.settle()
        code, output = await bash(tour, tmp_path)

    assert connected[0] == 0, connected[1]
    assert code == 0, output
    assert "a gift" in output
    assert "/oauth/" in output
