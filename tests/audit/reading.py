"""The database as its superuser sees it: what the service itself may not read."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from app.tables import metadata


async def acts(superuser_url: str, owner_id: UUID | None) -> list[dict[str, Any]]:
    """The audit entries of an owner, in their order."""
    connection = await asyncpg.connect(superuser_url)
    try:
        rows = await connection.fetch(
            "SELECT * FROM audit_entries WHERE owner_id IS NOT DISTINCT FROM $1 ORDER BY id", owner_id
        )
    finally:
        await connection.close()
    return [{**row, "details": msgspec.json.decode(row["details"])} for row in rows]


async def everything(superuser_url: str) -> str:
    """The whole database as one text, byte columns as both hexadecimal and text."""
    connection = await asyncpg.connect(superuser_url)
    try:
        texts = [str(await connection.fetch(f"SELECT t.*, t::text FROM {name} t")) for name in metadata.tables]
    finally:
        await connection.close()
    return "\n".join(texts)


async def execute(superuser_url: str, statement: str, *values: Any) -> None:
    """Let time pass for a row, or whatever else only the superuser may do."""
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()
