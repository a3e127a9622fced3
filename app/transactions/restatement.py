"""A restated row keeps our id and what the person decided about it (R32)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import next_change
from app.transactions import repository
from app.transactions.bulk import CATEGORY, TRACKED, TransactionRow
from app.transactions.decisions import DECIDED
from app.transactions.identity import match
from app.transactions.mapping import reseal_payment
from app.transactions.models import Transaction
from app.vault import Vault

_CARRIED = [name for name in TransactionRow._fields if name not in {"id", "payment"}]


async def reunite(
    session: AsyncSession,
    owner_id: UUID,
    account_id: UUID,
    *,
    run_id: UUID,
    since_read: int,
    created_since: datetime | None,
    vault: Vault,
) -> int:
    """Make one modified row of each pair that the run removed and added; return how many it had added.

    What a former run added is a candidate too if Pluggy created it from `created_since` on, in its latest visit to the
    bank: the deletion may be told a run later than the creation. The removed row lives on under its id with the added
    row's data; the added row's id becomes a tombstone. Where several rows could be the same one, all stay as they are
    and a finding says so.
    """
    removed = await repository.removed_traits(session, owner_id, account_id, since_read=since_read)
    if not removed:
        return 0
    added = await repository.added_traits(
        session, owner_id, account_id, since_read=since_read, created_since=created_since
    )
    matches = match(removed, added)
    if matches.ambiguous:
        findings: list[repository.NewFinding] = [
            ("ambiguous_restatement", str(row.id), {}) for row in matches.ambiguous
        ]
        await repository.add_findings(session, owner_id, findings, account_id=account_id, run_id=run_id)
    if not matches.pairs:
        return 0
    rows = await repository.get_many(session, owner_id, [trait.id for pair in matches.pairs for trait in pair])
    pairs = [(rows[old.id], rows[new.id]) for old, new in matches.pairs]
    own = sum(passing.added_read >= since_read for _, passing in pairs)
    await _merge(session, owner_id, pairs, run_id=run_id, vault=vault)
    return own


async def _merge(
    session: AsyncSession, owner_id: UUID, pairs: list[tuple[Transaction, Transaction]], *, run_id: UUID, vault: Vault
) -> None:
    number = await next_change(session, owner_id)
    changes: dict[UUID, repository.Changes] = {}
    for kept, passing in pairs:
        before = (*(getattr(kept, name) for name in (*TRACKED, *CATEGORY)), None)
        shown = {name: getattr(kept, name) for name in DECIDED}
        changes[kept.id] = repository.changed_fields(before, passing)
        values = {name: getattr(passing, name) for name in _CARRIED} | _take_decisions(passing)
        payment = passing.payment and reseal_payment(vault, passing.payment, owner_id, passing.id, kept.id)
        passing.pluggy_id = passing.id  # a tombstone has no id of Pluggy's: the one it had lives on in the kept row
        passing.removed_at = func.now()
        passing.change_number = number
        await session.flush()
        for name, value in values.items():
            setattr(kept, name, value)
        kept.payment = payment
        kept.read_number = passing.read_number
        kept.removed_at = None
        kept.change_number = number
        kept.updated_at = func.now()
        await session.flush()
        changes[kept.id] |= {
            name: (old, getattr(kept, name)) for name, old in shown.items() if getattr(kept, name) != old
        }
    await repository.add_revisions(session, owner_id, changes, run_id=run_id, change_number=number, kind="restated")


def _take_decisions(passing: Transaction) -> dict[str, Any]:
    """Take from the added row what was decided about it meanwhile: it was said last, about what the bank shows now."""
    decided = {name: value for name in DECIDED.values() if (value := getattr(passing, name)) is not None}
    for name in decided:
        setattr(passing, name, None)
    return decided
