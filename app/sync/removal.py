"""Removal with proof: a row leaves the ledger only when Pluggy, asked for it by its id, no longer has it (R24-R26)."""

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.changes import next_change
from app.connections import service as connections
from app.database import in_transaction, transaction
from app.pluggy.errors import PluggyNotFound
from app.pluggy.models import ExecutionStatus, Item, ItemStatus
from app.sync import repository
from app.sync.consent import read_consent
from app.sync.reading import AccountReader, AccountReading, low_half
from app.transactions import repository as rows

log = structlog.get_logger()

SUSPICIOUS_ROWS = 20
SUSPICIOUS_SHARE = 0.2
_SOUND = frozenset({ExecutionStatus.SUCCESS, ExecutionStatus.PARTIAL_SUCCESS})


class Removal:
    """What a run removes; `warnings` says what it left, and why."""

    def __init__(self, reader: AccountReader, item: Item) -> None:
        self._reader = reader
        self._item = item
        self.warnings: list[dict[str, Any]] = []
        self._asking = asyncio.Lock()

    async def settle_hints(self, account: AccountReading) -> None:
        """Ask for the rows that Pluggy said were updated or deleted; store what there is, remove what is gone."""
        claim = self._reader.claim
        async with transaction(self._reader.resources.sessions, claim.owner_id) as session:
            ids = await repository.hints(session, claim.owner_id, claim.connection_id, account.pluggy_id)
        if ids:
            await self._settle(account, ids, are_hints=True)

    async def settle_absent(self, account: AccountReading) -> None:
        """After a whole reading, remove what it did not meet; too much at once is flagged instead (R25, R26)."""
        if not account.is_deep or account.is_resumed:
            return
        held, absent = await self._compare(account)
        if not absent:
            return
        if not account.seen:
            await self._flag(account, "empty_answer", held=held, absent=len(absent))
        elif len(absent) > SUSPICIOUS_ROWS and len(absent) > held * SUSPICIOUS_SHARE:
            await self._flag(account, "suspicious_removal", held=held, absent=len(absent))
        elif account.quarantined:
            self._leave(account, "an unreadable record may be one of the absent rows")
        else:
            await self._settle(account, absent, are_hints=False)

    async def settle_orphans(self, account: AccountReading) -> None:
        """After a whole reading under a new item, remove rows of the former one that the bank no longer lists.

        Only within the days that the new item lists: its history may be shorter than ours, and what is older stays.
        """
        if not (account.is_taken_over and account.is_deep and account.seen) or account.is_resumed:
            return
        claim = self._reader.claim
        async with transaction(self._reader.resources.sessions, claim.owner_id) as session:
            orphans, held = await rows.orphans_within_listed_days(session, claim.owner_id, account.id)
        if not orphans:
            return
        if len(orphans) > SUSPICIOUS_ROWS and len(orphans) > held * SUSPICIOUS_SHARE:
            await self._flag(account, "suspicious_removal", held=held, absent=len(orphans))
        elif account.quarantined:
            self._leave(account, "an unreadable record may be one of the absent rows")
        elif (doubt := await self._doubt(account)) is not None:
            self._leave(account, doubt)
        else:
            await self._in_fence(lambda session: self._remove(session, account, orphans))

    async def _in_fence(self, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
        claim = self._reader.claim

        async def fenced(session: AsyncSession) -> None:
            await connections.hold_fence(session, claim.owner_id, claim.connection_id, claim.fence)
            await work(session)

        await in_transaction(self._reader.resources.sessions, claim.owner_id, fenced)

    async def _compare(self, account: AccountReading) -> tuple[int, list[UUID]]:
        """Return how many live rows we hold and those of them that the reading did not meet."""
        claim = self._reader.claim
        seen = array("Q", sorted(account.seen))
        held, absent = 0, []
        async with transaction(self._reader.resources.sessions, claim.owner_id) as session:
            async for part in rows.live_pluggy_ids(session, claim.owner_id, account.id):
                held += len(part)
                absent += [pluggy_id for pluggy_id in part if not _contains(seen, low_half(pluggy_id))]
        return held, absent

    async def _settle(self, account: AccountReading, ids: Sequence[UUID], *, are_hints: bool) -> None:
        missing = await self._store_found(account, ids)
        doubt = await self._doubt(account) if missing else None
        if doubt is not None:
            self._leave(account, doubt)
        claim = self._reader.claim

        async def settle(session: AsyncSession) -> None:
            settled = set(ids)
            if doubt is not None:
                settled -= missing
            elif missing:
                await self._remove(session, account, list(missing))
            if are_hints:
                await repository.drop_hints(
                    session, claim.owner_id, claim.connection_id, account.pluggy_id, list(settled)
                )

        await self._in_fence(settle)

    async def _store_found(self, account: AccountReading, ids: Sequence[UUID]) -> set[UUID]:
        """Store what Pluggy has of these ids; return the ids that it does not have."""
        missing = set(ids)
        pages = self._reader.resources.pluggy.iter_transaction_pages_by_id(account.pluggy_id, ids)
        async with aclosing(pages):
            async for page in pages:
                await self._reader.store(account, page)
                missing.difference_update(piece.id for piece in page.results)
                for bad in page.bad_records:
                    missing.discard(_as_uuid(bad.id))
        return missing

    async def _remove(self, session: AsyncSession, account: AccountReading, missing: Sequence[UUID]) -> None:
        claim = self._reader.claim
        number = await next_change(session, claim.owner_id)
        removed = await rows.remove(
            session,
            claim.owner_id,
            account.id,
            missing,
            run_id=claim.run_id,
            read_number=claim.fence,
            change_number=number,
        )
        await repository.add_counts(session, claim.owner_id, claim.run_id, account.id, counts={"removed": removed})

    async def _doubt(self, account: AccountReading) -> str | None:
        """Return why an absence proves nothing now, asked of Pluggy after the reading; None when it proves removal."""
        async with self._asking:  # each keeps the consent that it read: two at once wait for each other's rows
            return await self._ask_doubt(account)

    async def _ask_doubt(self, account: AccountReading) -> str | None:
        pluggy = self._reader.resources.pluggy
        try:
            item = await pluggy.get_item(self._item.id)
            await pluggy.get_account(account.pluggy_id)
        except PluggyNotFound:
            return "the item or the account is gone"
        if item.status not in {ItemStatus.UPDATED, ItemStatus.PARTIAL_SUCCESS} or item.execution_status not in _SOUND:
            return "the item's last run did not succeed"
        product = (item.status_detail or {}).get("creditCards" if account.is_card else "transactions")
        if product is not None and product.is_updated is False:
            return "the bank's last answer left these transactions out"
        consent = await read_consent(self._reader.resources, self._reader.claim)
        return None if consent.is_valid else f"the consent is {consent.reason}"

    def _leave(self, account: AccountReading, why: str) -> None:
        self.warnings.append({"code": "removal_not_proven", "subject": str(account.id), "message": why})

    async def _flag(self, account: AccountReading, kind: str, *, held: int, absent: int) -> None:
        claim = self._reader.claim
        details = {"held": held, "absent": absent}
        self.warnings.append({"code": kind, "subject": str(account.id), "message": f"{absent} of {held} rows absent"})
        log.warning(kind, account_id=str(account.id), **details)
        async with transaction(self._reader.resources.sessions, claim.owner_id) as session:
            finding = (kind, f"{account.id}:{claim.run_id}", details)
            await rows.add_findings(session, claim.owner_id, [finding], account_id=account.id, run_id=claim.run_id)


def _contains(ordered: "array[int]", value: int) -> bool:
    place = bisect_left(ordered, value)
    return place < len(ordered) and ordered[place] == value


def _as_uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        return UUID(int=0)
