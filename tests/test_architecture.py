"""Who may import what. The rules are those of docs/architecture.md; each names the files it holds for."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path for folder in ("app", "worker", "sandbox", "migrations") for path in (ROOT / folder).rglob("*.py")
)

FORBIDDEN = {
    # files: what they must not import
    "app/**/*.py": ("worker", "sandbox", "tests", "benchmarks"),
    "worker/**/*.py": ("sandbox", "tests", "benchmarks"),
    "sandbox/**/*.py": ("app", "worker", "tests", "benchmarks"),
    "app/pluggy/*.py": ("app", "sqlalchemy", "fastapi", "redis", "arq", "structlog", "pydantic"),
    "app/*/models.py": ("fastapi", "httpx", "arq", "redis", "app.jobs", "app.pluggy"),
    "app/*/repository.py": ("fastapi", "httpx", "arq", "redis", "app.jobs", "app.pluggy"),
    "app/*/service.py": ("fastapi", "httpx", "arq", "redis"),
    "app/*/router.py": ("sqlalchemy", "httpx", "app.pluggy"),
    "app/*/schemas.py": ("sqlalchemy", "httpx", "app.database"),
    "app/*/flow.py": ("fastapi", "httpx", "arq"),
}
ALLOWED = {"app/pluggy/*.py": ("app.pluggy",), "app/*/models.py": ("app.pluggy.wire",)}
SLICES_OWN = ("repository",)
"""Modules of a slice whose SQL no other slice's router may reach past its service."""


def imports(path: Path) -> Iterator[str]:
    """The absolute names a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_files_import_only_what_their_place_allows(pattern: str) -> None:
    offences = []
    for path in ROOT.glob(pattern):
        for name in imports(path):
            is_allowed = any(is_within(name, allowed) for allowed in ALLOWED.get(pattern, ()))
            if not is_allowed and any(is_within(name, banned) for banned in FORBIDDEN[pattern]):
                offences.append(f"{path.relative_to(ROOT)} imports {name}")

    assert offences == []


def test_every_rule_holds_for_some_file() -> None:
    """A rule that matches nothing is a rule that was forgotten in a move."""
    assert [pattern for pattern in FORBIDDEN if not list(ROOT.glob(pattern))] == []


def test_a_router_reaches_no_slices_sql() -> None:
    offences = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "app").glob("*/router.py")
        for name in imports(path)
        if name.startswith("app.") and name.split(".")[-1] in SLICES_OWN
    ]

    assert offences == []


def test_raw_asyncpg_lives_in_the_modules_that_need_it() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "app").rglob("*.py")
        if any(is_within(n, "asyncpg") for n in imports(path))
    }

    assert users <= {"app/transactions/bulk.py", "app/transactions/queries.py", "app/webhooks/inbox.py"}


def test_nothing_is_pickled() -> None:
    """R7: what goes through Redis is JSON or msgpack."""
    picklers = {"pickle", "marshal", "shelve"}

    assert [path for path in SOURCES if picklers & set(imports(path))] == []


def test_no_lock_outside_a_transaction_is_relied_on() -> None:
    """R18: neither one of Redis nor a session's advisory lock."""
    locks = ("pg_advisory_lock", "pg_try_advisory_lock", "redis.lock", "redlock")
    service = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in {"app", "worker"}]

    assert [path for path in service if any(lock in path.read_text().lower() for lock in locks)] == []


def test_nothing_imports_what_the_lock_does_not_hold() -> None:
    """Every third-party import is a declared dependency, not a guest of another package."""
    ours = {"app", "worker", "sandbox", "migrations", "tests", "benchmarks"}
    declared = (ROOT / "pyproject.toml").read_text().lower().replace("-", "_")
    names = {
        "jwt": "pyjwt",
        "stdnum": "python_stdnum",
        "pydantic": "pydantic_settings",
        "starlette": "fastapi",
        "dotenv": "pydantic_settings",
    }
    foreign = {
        top
        for path in SOURCES
        for top in (name.split(".")[0] for name in imports(path))
        if top not in ours and top not in sys.stdlib_module_names
    }

    assert [top for top in sorted(foreign) if names.get(top, top) not in declared] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_keep_within_bounds(path: Path) -> None:
    """400 lines a file, 50 a function; migrations are as long as their tables."""
    if "versions" in path.parts:
        return
    text = path.read_text()
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= 50
    ]

    assert long == []
    assert text.count("\n") <= 400
