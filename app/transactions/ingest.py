"""A page of Pluggy's transactions into the ledger, at the cost of what changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import next_change
from app.ids import new_ids
from app.pluggy.ledger_models import Transaction
from app.pluggy.pages import BadRecord, TransactionSlice, decode_transactions
from app.transactions import bulk, repository, ruling
from app.transactions.bulk import Stored, TransactionRow
from app.transactions.identity import DAYS_APART, Trait, continue_rows
from app.transactions.mapping import LedgerContext, content_hasher, reseal_payment, to_row
from app.vault import Vault

NEAR = timedelta(days=DAYS_APART)


@dataclass(frozen=True)
class Reader:
    """Who reads: the run, its fence, and the account the pages belong to."""

    run_id: UUID
    fence: int
    account_id: UUID
    context: LedgerContext
    continues_rows: bool = False
    """Whether orphaned rows may be among the arriving ones: a whole reading of an account under a new item."""

    has_rules: bool = False
    """Whether the owner has rules, which then decide about what is written."""


class PageCount(NamedTuple):
    """What became of a page: fetched = inserted + updated + unchanged + quarantined (R20)."""

    fetched: int
    inserted: int
    updated: int
    unchanged: int
    quarantined: int
    newest_created_at: datetime | None


@dataclass
class _Draft:
    """A page on its way to rows."""

    rows: list[TransactionRow] = field(default_factory=list)
    bad: list[BadRecord] = field(default_factory=list)
    conflicts: list[UUID] = field(default_factory=list)
    former_ids: dict[UUID, UUID] = field(default_factory=dict)
    """Pluggy's former ids of rows (by ours) that go on under this page's."""


class Ingest:
    """Stores pages under one set of keys."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._hash: Callable[[bytes], bytes] = content_hasher(vault)

    async def store_page(
        self, session: AsyncSession, reader: Reader, slices: Sequence[TransactionSlice], bad: Sequence[BadRecord]
    ) -> PageCount:
        """Write what differs from the ledger, in the caller's transaction.

        The verbatim JSON is hashed first: an equal record is not even decoded, and a page of equal records writes
        nothing. A record that can't be read or held is a finding, never the end of its page (R28).
        """
        owner_id, account_id = reader.context.owner_id, reader.account_id
        pieces = {piece.id: piece for piece in slices}  # a page twice: the last wins
        hashes = {pluggy_id: self._hash(bytes(piece.raw)) for pluggy_id, piece in pieces.items()}
        differing = await bulk.find_differing(session, owner_id, account_id, hashes)
        known = {pluggy_id: stored for pluggy_id, stored in differing.items() if stored is not None}
        draft = self._draft(reader, [pieces[pluggy_id] for pluggy_id in differing], hashes, known)
        draft.bad.extend(bad)
        inserted = updated = 0
        if draft.rows and reader.continues_rows:
            await self._continue_rows(session, reader, draft, known)
        if draft.rows:
            inserted, updated = await self._write(session, reader, draft, known)
        await self._record_findings(session, reader, draft)
        fetched = len(slices) + len(bad)
        return PageCount(
            fetched=fetched,
            inserted=inserted,
            updated=updated,
            unchanged=fetched - inserted - updated - len(draft.bad),
            quarantined=len(draft.bad),
            newest_created_at=max((row.pluggy_created_at for row in draft.rows if row.pluggy_created_at), default=None),
        )

    def _draft(
        self,
        reader: Reader,
        differing: Sequence[TransactionSlice],
        hashes: Mapping[UUID, bytes],
        known: Mapping[UUID, Stored],
    ) -> _Draft:
        draft = _Draft()
        transactions, draft.bad = decode_transactions(differing)
        for source, fresh in zip(transactions, new_ids(len(transactions)), strict=True):
            if source.id not in hashes:  # a record with two ids, of which slicing and decoding took one each
                draft.bad.append(BadRecord(str(source.id), "Expected one id"))
                continue
            stored = known.get(source.id)
            self._map(draft, reader, source, stored.id if stored else fresh, hashes[source.id])
        return draft

    def _map(self, draft: _Draft, reader: Reader, source: Transaction, row_id: UUID, content_hash: bytes) -> None:
        try:
            mapped = to_row(source, row_id, content_hash, reader.context, self._vault)
        except ValueError as error:
            draft.bad.append(BadRecord(str(source.id), str(error)))
            return
        draft.rows.append(mapped.row)
        if mapped.has_sign_conflict:
            draft.conflicts.append(source.id)

    async def _continue_rows(
        self, session: AsyncSession, reader: Reader, draft: _Draft, known: dict[UUID, Stored]
    ) -> None:
        """Let rows that bear a former item's ids go on under this page's ids; `draft` and `known` then say so."""
        owner_id = reader.context.owner_id
        arriving = {row.id: row for row in draft.rows if row.pluggy_id not in known}
        if not arriving:
            return
        dates = [row.date for row in arriving.values()]
        former = await repository.adoptable(
            session,
            owner_id,
            reader.account_id,
            days=(min(dates) - NEAR, max(dates) + NEAR),
        )
        pairs = continue_rows(former, [trait_of(row) for row in arriving.values()])
        renamed = {old.id: arriving[new.id] for old, new in pairs}
        if not renamed:
            return
        given = {row_id: row.pluggy_id for row_id, row in renamed.items()}
        draft.former_ids = await repository.give_pluggy_ids(session, owner_id, given)
        kept = {row.id: row_id for row_id, row in renamed.items()}
        continued = await bulk.find_differing(
            session, owner_id, reader.account_id, {row.pluggy_id: row.content_hash for row in renamed.values()}
        )
        known.update({pluggy_id: stored for pluggy_id, stored in continued.items() if stored is not None})
        draft.rows = [self._moved(row, kept[row.id], owner_id) if row.id in kept else row for row in draft.rows]

    def _moved(self, row: TransactionRow, row_id: UUID, owner_id: UUID) -> TransactionRow:
        """Return the row under another id of ours; what is sealed is bound to its row."""
        if row.payment is None:
            return row._replace(id=row_id)
        return row._replace(id=row_id, payment=reseal_payment(self._vault, row.payment, owner_id, row.id, row_id))

    async def _write(
        self, session: AsyncSession, reader: Reader, draft: _Draft, known: dict[UUID, Stored]
    ) -> tuple[int, int]:
        owner_id, account_id, rows = reader.context.owner_id, reader.account_id, draft.rows
        number = await next_change(session, owner_id)
        changes = {
            row.id: repository.changed_fields(known[row.pluggy_id].before, row)
            for row in rows
            if row.pluggy_id in known
        }
        for row in rows:
            if row.id in draft.former_ids:  # clients see Pluggy's id: another one is a change
                changes[row.id]["pluggy_id"] = (str(draft.former_ids[row.id]), str(row.pluggy_id))
        numbers = [number if changes.get(row.id, True) else 0 for row in rows]
        new, rewritten = await bulk.upsert(
            session, owner_id, account_id, rows, read_number=reader.fence, change_numbers=numbers
        )
        if reader.has_rules:
            ids = [row.id for row in rows]
            await ruling.apply_to(session, owner_id, ids, run_id=reader.run_id, change_number=number)
        seen = {row.id: changes[row.id] for row in rows if row.pluggy_id in rewritten and changes.get(row.id)}
        await repository.add_revisions(session, owner_id, seen, run_id=reader.run_id, change_number=number)
        return len(new), len(seen)

    async def _record_findings(self, session: AsyncSession, reader: Reader, draft: _Draft) -> None:
        findings = [("malformed_transaction", bad.id or "unknown", {"reason": bad.reason}) for bad in draft.bad]
        findings += [("sign_conflict", str(pluggy_id), {}) for pluggy_id in draft.conflicts]
        if findings:
            await repository.add_findings(
                session, reader.context.owner_id, findings, account_id=reader.account_id, run_id=reader.run_id
            )


def trait_of(row: TransactionRow) -> Trait:
    """Return what a mapped row is recognised by."""
    return Trait(row.id, row.provider_id, row.date, row.amount, row.direction, row.installment_number, row.description)
