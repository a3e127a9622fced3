"""Deleting what was kept long enough, a bounded batch at a time."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.ids import first_id_at
from app.owed import OwedWork
from app.retention.rules import Rule
from app.tables import metadata

BATCH: Final = 2_000
_PRUNE_AUDIT: Final = text("SELECT prune_audit_entries(:before_id, :most)")


async def delete_batch(session: AsyncSession, rule: Rule, owner_id: UUID | None, *, before: datetime) -> int:
    """Delete at most `BATCH` rows that the rule lets go, with what belongs to them; return how many they were."""
    table = metadata.tables[rule.table]
    key = list(table.primary_key)[-1]  # behind the owner's, where there is one
    overdue = text(rule.overdue)
    known = {"before": before, "before_id": first_id_at(before)}
    values = {name: value for name, value in known.items() if f":{name}" in rule.overdue.split()}
    wanted = select(key).where(*_of(table, owner_id), overdue).limit(BATCH)
    ids: list[Any] = list((await session.execute(wanted, values)).scalars())
    if not ids:
        return 0
    if rule.owed is not None:
        await session.execute(delete(OwedWork).where(OwedWork.kind == rule.owed, OwedWork.ref_id.in_(ids)))
    for name, column in rule.parts:
        part = metadata.tables[name]
        await session.execute(delete(part).where(*_of(part, owner_id), part.c[column].in_(ids)))
    await session.execute(delete(table).where(*_of(table, owner_id), key.in_(ids)))
    return len(ids)


async def delete_audit_batch(session: AsyncSession, *, before: datetime) -> int:
    """Delete at most `BATCH` entries of the audit trail, of those that are older than five years too."""
    result = await session.execute(_PRUNE_AUDIT, {"before_id": first_id_at(before), "most": BATCH})
    deleted: int = result.scalar_one()
    return deleted


def _of(table: Table, owner_id: UUID | None) -> list[ColumnElement[bool]]:
    return [] if owner_id is None else [table.c.owner_id == owner_id]
