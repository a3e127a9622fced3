"""Many realistic rows, made inside PostgreSQL from a page that the service itself has stored."""

from collections.abc import Mapping
from typing import Any

import asyncpg


async def copies(admin: "asyncpg.Connection[Any]", table: str, fresh: Mapping[str, str]) -> str:
    """Return the head of an INSERT … SELECT of copies of `model`, row for row but for the expressions in `fresh`."""
    names = await admin.fetch(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position",
        table,
    )
    columns = [name for (name,) in names]
    selected = [fresh.get(name, f"model.{name}") for name in columns]
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(selected)}"


async def drop_indexes(admin: "asyncpg.Connection[Any]") -> list[str]:
    """Drop the indexes that no constraint needs and return the statements that make them again."""
    found = await admin.fetch(
        "SELECT index.indexrelid::regclass::text, pg_get_indexdef(index.indexrelid) FROM pg_index AS index"
        " WHERE indrelid = 'transactions'::regclass"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = index.indexrelid)"
    )
    for name, _ in found:
        await admin.execute(f"DROP INDEX {name}")
    return [definition for _, definition in found]
