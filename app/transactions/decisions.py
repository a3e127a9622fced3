"""What persons decide about many transactions at once: one statement, however many there are.

Each row whose category it changes keeps a revision, written by the same statement. The caller holds the owner's counter
of changes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, case, func, insert, literal, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.transactions.models import Transaction, TransactionRevision

Conditions = Sequence[ColumnElement[bool]]

DECIDED: Final = {"note": "note", "category_id": "user_category_id", "tags": "user_tags", "ignored": "user_ignored"}
"""Where a person's decision about a field is kept; what counts is derived from it by the database."""


class Count(NamedTuple):
    """How many rows were meant, how many of them a decision changes, and in how many the category becomes another."""

    matched: int
    changed: int
    recategorised: int


async def count(
    session: AsyncSession, conditions: Conditions, values: Mapping[str, Any], *, category_id: str | None
) -> Count:
    """Return what `decide` would do. For None `recategorised` is the most it may be."""
    differs = Transaction.user_category_id.is_distinct_from(category_id)
    other = Transaction.category_id.is_distinct_from(category_id) if category_id is not None else differs
    counts = (func.count(), func.count().filter(differs), func.count().filter(other))
    return Count(*(await session.execute(select(*counts).where(*conditions), values)).one())


async def decide(
    session: AsyncSession,
    owner_id: UUID,
    conditions: Conditions,
    values: Mapping[str, Any],
    *,
    category_id: str | None,
    change_number: int,
) -> tuple[int, int]:
    """Put the rows into a category on their owner's behalf, or take that back (None).

    Returns how many it changed, and in how many of them the category became another.
    """
    return await _write(
        session,
        owner_id,
        (*conditions, Transaction.user_category_id.is_distinct_from(category_id)),
        {"user_category_id": category_id},
        values,
        change_number=change_number,
    )


async def count_in(session: AsyncSession, owner_id: UUID, category_id: str) -> int:
    """Return how many transactions are in the category."""
    statement = select(func.count()).where(
        Transaction.owner_id == owner_id, Transaction.category_id == category_id, Transaction.removed_at.is_(None)
    )
    return (await session.execute(statement)).scalar_one()


async def move_all(
    session: AsyncSession, owner_id: UUID, *, from_id: str, to_id: str | None, change_number: int
) -> int:
    """Let whatever put rows into one category have put them into the other; return how many. Removed rows too."""
    columns = (Transaction.user_category_id, Transaction.rule_category_id)
    moved = {column.key: case((column == from_id, to_id), else_=column) for column in columns}
    changed, _ = await _write(
        session,
        owner_id,
        (Transaction.owner_id == owner_id, or_(*(column == from_id for column in columns))),
        moved,
        {},
        change_number=change_number,
    )
    return changed


async def _write(
    session: AsyncSession,
    owner_id: UUID,
    conditions: Conditions,
    columns: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    change_number: int,
) -> tuple[int, int]:
    """Write columns of the rows that meet the conditions; return how many, and how many got another category."""
    found = select(Transaction.id, Transaction.category_id.label("before")).where(*conditions)
    picked = found.params(values).cte("picked")  # handed to execute(), they would be taken for columns to be set
    written = (
        update(Transaction)
        .where(Transaction.owner_id == owner_id, Transaction.id == picked.c.id)
        .values(**columns, change_number=change_number, updated_at=func.now())
        .returning(Transaction.id, picked.c.before, Transaction.category_id.label("after"))
        .cte("written")
    )
    is_other = written.c.before.is_distinct_from(written.c.after)
    kept = _revisions(owner_id, written, is_other, change_number)
    counts = select(func.count(), func.count().filter(is_other)).select_from(written).add_cte(kept)
    changed, recategorised = (await session.execute(counts)).one()
    return changed, recategorised


def _revisions(owner_id: UUID, written: CTE, is_other: ColumnElement[bool], change_number: int) -> CTE:
    """Return the part of the statement that keeps a revision of each row whose category is another."""
    revision = {
        "owner_id": literal(owner_id),
        "id": func.banking_uuid7(),
        "transaction_id": written.c.id,
        "run_id": null(),
        "kind": literal("annotated"),
        "changes": func.jsonb_build_object("category_id", func.jsonb_build_array(written.c.before, written.c.after)),
        "change_number": literal(change_number),
    }
    return (
        insert(TransactionRevision)
        .from_select(list(revision), select(*revision.values()).where(is_other))
        .returning(TransactionRevision.id)
        .cte("kept")
    )
