"""SQL of the ledger's rows, save the bulk write (`bulk.py`)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.database import one_of
from app.ids import new_ids
from app.money import money_text
from app.transactions.bulk import CATEGORY, TRACKED, TransactionRow
from app.transactions.identity import Trait
from app.transactions.models import Finding, Transaction, TransactionRevision

Changes = dict[str, tuple[Any, Any]]
NewFinding = tuple[str, str, dict[str, Any]]
"""Kind, subject, details."""


def changed_fields(before: tuple[Any, ...], row: TransactionRow | Transaction) -> Changes:
    """Return field → (before, after) of what differs, as the API shows it; a revived row says so."""
    changes: Changes = {}
    for name, old in zip(TRACKED, before, strict=False):
        new = getattr(row, name)
        if old != new:
            changes[name] = (_shown(old), _shown(new))
    user, rule, pluggy, built_in = before[len(TRACKED) : len(TRACKED) + len(CATEGORY)]
    category, new = pluggy or built_in, row.pluggy_category_id or row.built_in_category_id
    if user is None and rule is None and category != new:
        changes["category_id"] = (category, new)
    if before[-1] is not None:
        changes["removed"] = (True, False)
    return changes


def _shown(value: Any) -> Any:
    if isinstance(value, Decimal):
        return money_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


async def add_revisions(
    session: AsyncSession,
    owner_id: UUID,
    changes: Mapping[UUID, Changes],
    *,
    run_id: UUID | None,
    change_number: int,
    kind: str = "modified",
) -> None:
    """Keep what changed in each row."""
    if not changes:
        return
    rows = [
        {
            "owner_id": owner_id,
            "id": revision_id,
            "transaction_id": transaction_id,
            "run_id": run_id,
            "kind": kind,
            "changes": fields,
            "change_number": change_number,
        }
        for revision_id, (transaction_id, fields) in zip(new_ids(len(changes)), changes.items(), strict=True)
    ]
    await session.execute(insert(TransactionRevision), rows)


async def add_findings(
    session: AsyncSession,
    owner_id: UUID,
    findings: Sequence[NewFinding],
    *,
    account_id: UUID | None,
    run_id: UUID | None,
) -> None:
    """Keep (kind, subject, details), each kind and subject once."""
    rows = [
        {
            "owner_id": owner_id,
            "id": finding_id,
            "account_id": account_id,
            "run_id": run_id,
            "kind": kind,
            "subject": subject,
            "details": details,
        }
        for finding_id, (kind, subject, details) in zip(new_ids(len(findings)), findings, strict=True)
    ]
    await session.execute(upsert(Finding).on_conflict_do_nothing(), rows)


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID, *, change_number: int) -> None:
    """Forget what the connection's rows say and what was noted about them; their ids stay, as tombstones (R35)."""
    accounts = select(Account.id).where(Account.owner_id == owner_id, Account.connection_id == connection_id)
    rows = select(Transaction.id).where(Transaction.owner_id == owner_id, Transaction.account_id.in_(accounts))
    await session.execute(
        delete(TransactionRevision).where(
            TransactionRevision.owner_id == owner_id, TransactionRevision.transaction_id.in_(rows)
        )
    )
    await session.execute(delete(Finding).where(Finding.owner_id == owner_id, Finding.account_id.in_(accounts)))
    await session.execute(
        update(Transaction)
        .where(Transaction.owner_id == owner_id, Transaction.account_id.in_(accounts))
        .values(
            **_PURGED,
            removed_at=func.coalesce(Transaction.removed_at, func.now()),
            change_number=change_number,
        )
    )


_PURGED: dict[str, Any] = {
    "amount": 0, "amount_raw": 0, "original_amount": None, "running_balance": None, "description": "",
    "description_raw": None, "provider_id": None, "counterparty_name": None, "counterparty_document_hash": None,
    "payment": None, "details": None, "note": None, "user_tags": None, "rule_tags": None, "occurred_at": None,
    "content_hash": b"",
    "pluggy_category_id": None, "pluggy_category": None, "operation_type": None, "bill_pluggy_id": None,
    "installment_number": None, "total_installments": None, "built_in_category_id": None,
    "user_category_id": None, "rule_category_id": None, "category_rule_id": None, "rule_ids": None,
    "internal_kind": None, "counterparty_id": None,
}  # fmt: skip


ORPHANED = 0
"""`read_number` of rows that bear ids of a former item, which the present one can neither confirm nor deny."""


async def orphan(session: AsyncSession, owner_id: UUID, account_id: UUID) -> None:
    """Mark the account's rows as known by a former item's ids.

    Removed ones too: they were read under the numbers of another connection, and would else look removed just now.
    """
    await session.execute(
        update(Transaction)
        .where(Transaction.owner_id == owner_id, Transaction.account_id == account_id)
        .values(read_number=ORPHANED, added_read=ORPHANED)
    )


async def live_pluggy_ids(session: AsyncSession, owner_id: UUID, account_id: UUID) -> AsyncIterator[Sequence[UUID]]:
    """Yield Pluggy's ids of the account's live rows, orphaned ones left out, some thousands at a time."""
    statement = select(Transaction.pluggy_id).where(
        Transaction.owner_id == owner_id,
        Transaction.account_id == account_id,
        Transaction.removed_at.is_(None),
        Transaction.read_number != ORPHANED,
    )
    result = await session.stream(statement)
    async for part in result.scalars().partitions(5_000):
        yield part


async def remove(
    session: AsyncSession,
    owner_id: UUID,
    account_id: UUID,
    pluggy_ids: Sequence[UUID],
    *,
    run_id: UUID,
    read_number: int,
    change_number: int,
) -> int:
    """Make tombstones of the account's live rows with these ids of Pluggy's; return how many (R23)."""
    statement = (
        update(Transaction)
        .where(
            Transaction.owner_id == owner_id,
            Transaction.account_id == account_id,
            one_of(Transaction.pluggy_id, pluggy_ids),
            Transaction.removed_at.is_(None),
        )
        .values(removed_at=func.now(), read_number=read_number, change_number=change_number, updated_at=func.now())
        .returning(Transaction.id)
    )
    removed: dict[UUID, Changes] = {
        row_id: {"removed": (False, True)} for row_id in (await session.execute(statement)).scalars()
    }
    await add_revisions(session, owner_id, removed, run_id=run_id, change_number=change_number, kind="removed")
    return len(removed)


async def removed_traits(session: AsyncSession, owner_id: UUID, account_id: UUID, *, since_read: int) -> list[Trait]:
    """Return what the account's rows removed by reads from `since_read` on are recognised by."""
    statement = _select_traits(owner_id, account_id).where(*_was_removed(since_read))
    return [Trait(*row) for row in await session.execute(statement)]


async def added_traits(
    session: AsyncSession, owner_id: UUID, account_id: UUID, *, since_read: int, created_since: datetime | None
) -> list[Trait]:
    """Return what the account's live rows added by reads from `since_read` on are recognised by.

    So are those that Pluggy created from `created_since` on, if they were added later than some row that such reads
    removed.
    """
    is_new = Transaction.added_read >= since_read
    if created_since is not None:
        removed = (Transaction.owner_id == owner_id, Transaction.account_id == account_id, *_was_removed(since_read))
        oldest_removed = select(func.min(Transaction.added_read)).where(*removed).scalar_subquery()
        is_new |= (Transaction.pluggy_created_at >= created_since) & (Transaction.added_read > oldest_removed)
    statement = _select_traits(owner_id, account_id).where(Transaction.removed_at.is_(None), is_new)
    return [Trait(*row) for row in await session.execute(statement)]


def _was_removed(since_read: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Transaction.removed_at.is_not(None),
        Transaction.read_number >= since_read,
        Transaction.pluggy_id != Transaction.id,  # else what is left of a row that was another one restated
    )


async def orphans_within_listed_days(session: AsyncSession, owner_id: UUID, account_id: UUID) -> tuple[list[UUID], int]:
    """Return Pluggy's former ids of the orphaned rows after the first day of the others, and how many rows live."""
    live = (
        Transaction.owner_id == owner_id,
        Transaction.account_id == account_id,
        Transaction.removed_at.is_(None),
    )
    is_orphaned = Transaction.read_number == ORPHANED
    counted = select(func.count(), func.min(Transaction.date).filter(~is_orphaned)).where(*live)
    held, first_listed = (await session.execute(counted)).one()
    if first_listed is None:
        return [], held
    orphaned = select(Transaction.pluggy_id).where(*live, is_orphaned, Transaction.date > first_listed)
    return list((await session.execute(orphaned)).scalars()), held


async def adoptable(session: AsyncSession, owner_id: UUID, account_id: UUID, *, days: tuple[date, date]) -> list[Trait]:
    """Return the account's orphaned rows of these days, oldest first."""
    statement = _select_traits(owner_id, account_id).where(
        Transaction.removed_at.is_(None),
        Transaction.read_number == ORPHANED,
        Transaction.date.between(*days),
    )
    return [Trait(*row) for row in await session.execute(statement.order_by(Transaction.id))]


async def give_pluggy_ids(session: AsyncSession, owner_id: UUID, ids: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """Give rows (our id) other ids of Pluggy's; return the ids they had."""
    given = {"owner_id": owner_id, "ids": list(ids), "pluggy_ids": list(ids.values())}
    return {row[0]: row[1] for row in await session.execute(_GIVE_PLUGGY_IDS, given)}


_GIVE_PLUGGY_IDS = text("""
UPDATE transactions AS kept SET pluggy_id = given.pluggy_id
FROM unnest(CAST(:ids AS uuid[]), CAST(:pluggy_ids AS uuid[])) AS given (id, pluggy_id)
JOIN transactions AS former ON former.owner_id = :owner_id AND former.id = given.id
WHERE kept.owner_id = :owner_id AND kept.id = given.id
RETURNING kept.id, former.pluggy_id
""")


def _select_traits(owner_id: UUID, account_id: UUID) -> Select[*tuple[Any, ...]]:
    return select(
        Transaction.id,
        Transaction.provider_id,
        Transaction.date,
        Transaction.amount,
        Transaction.direction,
        Transaction.installment_number,
        Transaction.description,
        Transaction.added_read,
    ).where(Transaction.owner_id == owner_id, Transaction.account_id == account_id)


async def get_many(session: AsyncSession, owner_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Transaction]:
    """Return rows by id, removed ones included."""
    statement = select(Transaction).where(Transaction.owner_id == owner_id, Transaction.id.in_(ids))
    return {row.id: row for row in (await session.execute(statement)).scalars()}
