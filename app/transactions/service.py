"""Use cases of transactions."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.transactions import queries
from app.transactions.errors import TransactionNotFound
from app.transactions.filters import TransactionFilter
from app.transactions.lines import TransactionLine, line_of
from app.transactions.models import TransactionRevision
from app.transactions.queries import TransactionOfConnection


async def list_page(
    engine: AsyncEngine,
    owner_id: UUID,
    asked: TransactionFilter,
    *,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[TransactionLine]:
    """Return rows that match, newest first by (date, id), strictly after that key; in a transaction of its own."""
    rows = await queries.list_page(engine, owner_id, asked, after=after, limit=limit)
    return [line_of(row) for row in rows]


async def get(session: AsyncSession, owner_id: UUID, transaction_id: UUID) -> TransactionOfConnection:
    """Return the transaction and the connection that brings it. Raises TransactionNotFound."""
    found = await queries.find(session, owner_id, transaction_id)
    if found is None:
        raise TransactionNotFound(transaction_id)
    return found


async def list_revisions(
    session: AsyncSession, owner_id: UUID, transaction_id: UUID, *, after: tuple[int, UUID] | None, limit: int
) -> Sequence[TransactionRevision]:
    """Return what became of the transaction, newest first, strictly after (change_number, id).

    Raises TransactionNotFound.
    """
    if not await queries.exists(session, owner_id, transaction_id):
        raise TransactionNotFound(transaction_id)
    return await queries.list_revisions(session, owner_id, transaction_id, after=after, limit=limit)
