"""A restated row keeps our id and what the person decided about it (R32)."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import next_change
from app.transactions import repository
from app.transactions.bulk import CATEGORY, TRACKED, TransactionRow
from app.transactions.identity import Trait, match
from app.transactions.mapping import reseal_payment
from app.vault import Vault

_CARRIED = [name for name in TransactionRow._fields if name not in {"id", "payment"}]


async def reunite(
    session: AsyncSession, owner_id: UUID, account_id: UUID, *, run_id: UUID, since_read: int, vault: Vault
) -> int:
    """Make one modified row of each pair that the run removed and added; return how many.

    The removed row lives on under its id with the added row's data; the added row's id becomes a tombstone. Where
    several rows could be the same one, all stay as they are and a finding says so.
    """
    removed = await repository.traits(session, owner_id, account_id, since_read=since_read, is_removed=True)
    if not removed:
        return 0
    added = await repository.traits(session, owner_id, account_id, since_read=since_read, is_removed=False)
    matches = match(removed, added)
    if matches.ambiguous:
        findings: list[repository.NewFinding] = [
            ("ambiguous_restatement", str(row.id), {}) for row in matches.ambiguous
        ]
        await repository.add_findings(session, owner_id, findings, account_id=account_id, run_id=run_id)
    if matches.pairs:
        await _merge(session, owner_id, matches.pairs, run_id=run_id, vault=vault)
    return len(matches.pairs)


async def _merge(
    session: AsyncSession, owner_id: UUID, pairs: list[tuple[Trait, Trait]], *, run_id: UUID, vault: Vault
) -> None:
    number = await next_change(session, owner_id)
    rows = await repository.get_many(session, owner_id, [trait.id for pair in pairs for trait in pair])
    changes: dict[UUID, repository.Changes] = {}
    for old, new in pairs:
        kept, passing = rows[old.id], rows[new.id]
        before = (*(getattr(kept, name) for name in (*TRACKED, *CATEGORY)), None)
        changes[kept.id] = repository.changed_fields(before, passing)
        values = {name: getattr(passing, name) for name in _CARRIED}
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
    await repository.add_revisions(session, owner_id, changes, run_id=run_id, change_number=number, kind="restated")
