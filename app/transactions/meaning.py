"""What other slices found out about transactions, written into their rows: set-based, and only where it differs."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import ChangeNumber

_DIFFERING = """
SELECT id, given FROM unnest(CAST(:ids AS uuid[]), CAST(:values AS {kind}[])) AS told (id, given)
CROSS JOIN LATERAL (
    SELECT 1 FROM transactions
    WHERE owner_id = :owner_id AND id = told.id AND {column} IS DISTINCT FROM told.given OFFSET 0
) AS stored
"""
_WRITE = """
UPDATE transactions SET {column} = told.given, change_number = :number, updated_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:values AS {kind}[])) AS told (id, given)
WHERE owner_id = :owner_id AND transactions.id = told.id
"""
_TYPES = {"counterparty_id": "uuid", "internal_kind": "varchar"}


async def give_counterparties(
    session: AsyncSession, owner_id: UUID, parties: Mapping[UUID, UUID | None], number: ChangeNumber
) -> None:
    """Say of each transaction whom it was with."""
    await _write(session, owner_id, "counterparty_id", parties, number)


async def give_internal_kinds(
    session: AsyncSession, owner_id: UUID, kinds: Mapping[UUID, str | None], number: ChangeNumber
) -> None:
    """Say of each transaction whether it only moved the owner's money about; None is an ordinary one."""
    await _write(session, owner_id, "internal_kind", kinds, number)


async def _write(
    session: AsyncSession, owner_id: UUID, column: str, told: Mapping[UUID, object], number: ChangeNumber
) -> None:
    if not told:
        return
    names = {"column": column, "kind": _TYPES[column]}
    given = {"owner_id": owner_id, "ids": list(told), "values": list(told.values())}
    differing = (await session.execute(text(_DIFFERING.format(**names)), given)).all()
    if differing:
        ids, values = zip(*differing, strict=True)
        given |= {"ids": list(ids), "values": list(values), "number": await number.take()}
        await session.execute(text(_WRITE.format(**names)), given)
