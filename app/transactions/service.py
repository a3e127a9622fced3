"""Use cases of transactions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.changes import hold_changes, next_change
from app.clock import utc_now
from app.events.service import record_event
from app.transactions import decisions, queries, repository
from app.transactions.decisions import DECIDED, Count
from app.transactions.errors import SomeTransactionsNotFound, TooManyTransactions, TransactionNotFound
from app.transactions.filters import Sort, TransactionFilter
from app.transactions.lines import RemovedLine, TransactionLine, line_of
from app.transactions.models import TransactionRevision
from app.transactions.queries import TransactionOfConnection

MOST_AT_ONCE: Final = 50_000
"""So many rows are written within the bound of a statement."""


@dataclass
class Changed:
    """A page of the feed; `place` is the key to go on from."""

    added: list[TransactionLine]
    modified: list[TransactionLine]
    removed: list[RemovedLine]
    place: tuple[int, UUID]
    has_more: bool


async def list_page(
    engine: AsyncEngine,
    owner_id: UUID,
    asked: TransactionFilter,
    *,
    sort: Sort = "-date",
    after: tuple[date | Decimal, UUID] | None,
    limit: int,
) -> Sequence[TransactionLine]:
    """Return rows that match, in the order asked for, strictly after that key; in a transaction of its own."""
    rows = await queries.list_page(engine, owner_id, asked, sort=sort, after=after, limit=limit)
    return [line_of(row) for row in rows]


async def list_by_ids(session: AsyncSession, owner_id: UUID, ids: Sequence[UUID]) -> Sequence[TransactionLine]:
    """Return those of these rows that the owner can see, newest first."""
    conditions, values = queries.matching(owner_id, TransactionFilter.model_construct(ids=list(ids)))
    rows = await session.execute(queries.listed().where(*conditions), values)
    return sorted((line_of(row) for row in rows), key=lambda line: (line.date, line.id), reverse=True)


async def get(session: AsyncSession, owner_id: UUID, transaction_id: UUID) -> TransactionOfConnection:
    """Return the transaction and the connection that brings it. Raises TransactionNotFound."""
    found = await queries.find(session, owner_id, transaction_id)
    if found is None:
        raise TransactionNotFound(transaction_id)
    return found


async def list_changes(session: AsyncSession, owner_id: UUID, *, after: tuple[int, UUID], limit: int) -> Changed:
    """Return what changed since the key (change_number, id), as much as fits, from one snapshot.

    A row that the caller can't have seen by that key is added, one it may have is modified or removed. A row that came
    and went in between is in none of them.
    """
    found = await queries.list_changed(session, owner_id, after=after, limit=limit + 1)
    changed = Changed([], [], [], after, has_more=len(found) > limit)
    for row in found[:limit]:
        number, created_number, is_removed = row[-3:]
        is_new = (created_number, row[0]) > after
        if is_removed:
            if not is_new:
                changed.removed.append(RemovedLine(row[0], row[2]))
        else:
            (changed.added if is_new else changed.modified).append(line_of(row[:-3]))
        changed.place = (number, row[0])
    return changed


async def list_run_revisions(
    session: AsyncSession, owner_id: UUID, run_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[TransactionRevision]:
    """Return what a run changed in rows that were there before it, strictly after the revision `after`."""
    return await queries.list_run_revisions(session, owner_id, run_id, after=after, limit=limit)


async def annotate(
    session: AsyncSession, owner_id: UUID, transaction_id: UUID, decided: dict[str, Any]
) -> TransactionOfConnection:
    """Write what the owner decided about a transaction, with a revision of its own.

    What is so already is no decision, and not written; but a category that a machine chose becomes the owner's.

    Raises TransactionNotFound.
    """
    found = await get(session, owner_id, transaction_id)
    row = found.transaction
    before = {name: getattr(row, name) for name in decided}
    written = {
        DECIDED[name]: value
        for name, value in decided.items()
        if value != (row.user_category_id if name == "category_id" else before[name])
    }
    if written:
        number = await next_change(session, owner_id)
        for name, value in written.items():
            setattr(row, name, value)
        row.change_number = number
        row.updated_at = utc_now()
        await session.flush()
        changes = {name: (old, getattr(row, name)) for name, old in before.items() if getattr(row, name) != old}
        await repository.add_revisions(
            session, owner_id, {row.id: changes} if changes else {}, run_id=None, change_number=number, kind="annotated"
        )
    return await get(session, owner_id, transaction_id) if written else found


async def categorise(
    session: AsyncSession,
    owner_id: UUID,
    *,
    ids: Sequence[UUID] | None,
    asked: TransactionFilter | None,
    category_id: str | None,
    dry_run: bool,
) -> Count:
    """Put many transactions into a category, or take that back; by their ids, all of which must be the owner's.

    Raises SomeTransactionsNotFound, TooManyTransactions.
    """
    await hold_changes(session, owner_id)  # what is counted here is what is changed below
    wanted = asked or TransactionFilter.model_construct(ids=list(set(ids or ())))  # as many as it takes
    conditions, values = queries.matching(owner_id, wanted)
    expected = await decisions.count(session, conditions, values, category_id=category_id)
    if ids is not None and expected.matched < len(set(ids)):
        known = await queries.existing(session, owner_id, ids)
        raise SomeTransactionsNotFound([place for place, each in enumerate(ids) if each not in known])
    if expected.matched > MOST_AT_ONCE:
        raise TooManyTransactions(MOST_AT_ONCE)
    if dry_run or not expected.changed:
        return expected
    number = await next_change(session, owner_id)
    changed, recategorised = await decisions.decide(
        session, owner_id, conditions, values, category_id=category_id, change_number=number
    )
    await record_event(session, owner_id, "transactions.changed", {"updated": changed})
    return Count(expected.matched, changed, recategorised)


async def list_revisions(
    session: AsyncSession, owner_id: UUID, transaction_id: UUID, *, after: tuple[int, UUID] | None, limit: int
) -> Sequence[TransactionRevision]:
    """Return what became of the transaction, newest first, strictly after (change_number, id).

    Raises TransactionNotFound.
    """
    if not await queries.exists(session, owner_id, transaction_id):
        raise TransactionNotFound(transaction_id)
    return await queries.list_revisions(session, owner_id, transaction_id, after=after, limit=limit)
