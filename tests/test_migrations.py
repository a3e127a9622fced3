"""Migrations over data of earlier versions."""

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.ids import new_id
from tests.database import ROOT
from tests.servers import ServerUrls

NAME = "banking_upgraded"
_ROW = """
INSERT INTO transactions (owner_id, id, account_id, pluggy_id, date, amount, currency_code, direction, amount_raw,
    status, description, note, tags, ignored, pluggy_category_id, content_hash, read_number, added_read, change_number,
    created_number)
VALUES ($1, $2, $3, gen_random_uuid(), $4, -1, 'BRL', 'OUT', 1, 'POSTED', 'PÃO NOSSO', $5, $6, $7, '11000000', '', 1,
    1, 1, 1)
"""


def alembic(url: str, *command: str) -> None:
    environment = {"MIGRATION_DATABASE_URL": url, "DATABASE_URL": url, "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-m", "alembic", *command], cwd=ROOT, env=environment, check=True)


@pytest.fixture
async def admin(server_urls: ServerUrls, worker_number: int) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """The superuser in a database at the migration before categories."""
    name = f"{NAME}_{worker_number}"
    server = await asyncpg.connect(server_urls.postgres("postgres", "postgres"))
    await server.execute(f"CREATE DATABASE {name} OWNER banking_owner")
    alembic(server_urls.postgres("banking_owner", name), "upgrade", "0009")
    connection = await asyncpg.connect(server_urls.postgres("postgres", name))
    yield connection
    await connection.close()
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


async def _add(admin: "asyncpg.Connection[Any]", *given: tuple[str | None, list[str], bool]) -> list[UUID]:
    await admin.execute("SET session_replication_role = replica")  # no account is needed here
    ids = [new_id() for _ in given]
    for row_id, (note, tags, ignored) in zip(ids, given, strict=True):
        await admin.execute(_ROW, UUID(int=1), row_id, UUID(int=2), date(2026, 3, 4), note, tags, ignored)
    return ids


async def test_what_persons_had_decided_outlives_the_upgrade_and_the_way_back(
    admin: "asyncpg.Connection[Any]", server_urls: ServerUrls, worker_number: int
) -> None:
    url = server_urls.postgres("banking_owner", f"{NAME}_{worker_number}")
    decided, untouched = await _add(admin, ("almoço", ["família"], True), (None, [], False))
    columns = "id, tags, ignored, user_tags, user_ignored, category_id, category_source, search_text"

    alembic(url, "upgrade", "0010")
    upgraded = await admin.fetch(f"SELECT {columns} FROM transactions ORDER BY description, note")
    alembic(url, "downgrade", "0009")
    back = await admin.fetch("SELECT id, tags, ignored FROM transactions ORDER BY description, note")

    category = ("11000000", "pluggy")
    assert [tuple(row) for row in upgraded] == [
        (decided, ["família"], True, ["família"], True, *category, "pao nosso\nalmoco"),
        (untouched, [], False, None, None, *category, "pao nosso"),
    ]
    assert [tuple(row) for row in back] == [(decided, ["família"], True), (untouched, [], False)]


async def test_the_migrations_make_what_the_models_say(
    admin: "asyncpg.Connection[Any]", server_urls: ServerUrls, worker_number: int
) -> None:
    url = server_urls.postgres("banking_owner", f"{NAME}_{worker_number}")

    alembic(url, "upgrade", "head")

    alembic(url, "check")  # it fails on any difference
