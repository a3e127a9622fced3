"""Use cases of the banks' charges, each inside the caller's transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import ChangeNumber
from app.charges import repository
from app.charges.classification import charge_of
from app.transactions.movements import Movement


async def classify(session: AsyncSession, owner_id: UUID, rows: Sequence[Movement], *, number: ChangeNumber) -> None:
    """Keep which of the transactions are charges of the bank's; equal ones are not written."""
    held = await repository.kinds_of(session, owner_id, [row.id for row in rows])
    kinds = {row.id: str(kind) for row in rows if (kind := charge_of(row)) is not None}
    news = {row_id: kind for row_id, kind in kinds.items() if held.get(row_id) != kind}
    gone = held.keys() - kinds.keys()
    if news or gone:
        await number.take()
    if news:
        await repository.put(session, owner_id, news)
    if gone:
        await repository.drop(session, owner_id, gone)


async def follow_removed(session: AsyncSession, owner_id: UUID, *, since: int, number: ChangeNumber) -> None:
    """Forget the charges whose transactions were removed after a change number."""
    gone = await repository.removed_since(session, owner_id, since=since)
    if gone:
        await number.take()
        await repository.drop(session, owner_id, gone)
