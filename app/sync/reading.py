"""Reading the accounts of a run: windows side by side, each page stored with its checkpoint."""

import asyncio
from array import array
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import service as connections
from app.database import in_transaction
from app.pluggy.errors import PluggyRefused
from app.pluggy.pages import Page, TransactionSlice, decode_transactions
from app.resources import Resources
from app.sync import plan, repository
from app.sync.models import SyncWindow
from app.sync.service import Claim
from app.transactions.ingest import Ingest, PageCount, Reader
from app.transactions.mapping import LedgerContext

log = structlog.get_logger()

SIDE_BY_SIDE = 8
_WRITERS = 2  # one page is mapped while another is written: more would only hold memory, and wait for one another
_RESTARTS = 3
_LOW_HALF = (1 << 64) - 1


@dataclass
class AccountReading:
    """An account being read."""

    id: UUID
    pluggy_id: UUID
    is_card: bool
    currency_code: str
    is_deep: bool
    """Whether the whole history is read, not what arrived since the watermark."""

    is_taken_over: bool = False
    """Whether the account came back under a new item, so that some rows may still bear the former item's ids."""

    has_rules: bool = False
    """Whether its owner has rules for transactions."""

    is_resumed: bool = False
    """Whether a former attempt read part of it: what this attempt has not seen proves nothing then."""

    seen: "array[int]" = field(default_factory=lambda: array("Q"))
    """Low halves of Pluggy's ids met in a deep read, 8 bytes each whatever the length of the history."""

    quarantined: int = 0

    def note(self, page: Page[TransactionSlice], counts: PageCount) -> None:
        """Remember what a stored page held."""
        self.quarantined += counts.quarantined
        if self.is_deep:
            self.seen.extend(low_half(piece.id) for piece in page.results)


def low_half(pluggy_id: UUID) -> int:
    """Return the 64 low bits of an id, 62 of them random: enough to tell an account's rows apart."""
    return pluggy_id.int & _LOW_HALF


class AccountReader:
    """Reads windows of the run's accounts, a bounded number of them at once."""

    def __init__(self, resources: Resources, claim: Claim) -> None:
        self.resources = resources
        self.claim = claim
        self._ingest = Ingest(resources.vault)
        self._slots = asyncio.Semaphore(SIDE_BY_SIDE)
        self._writers = asyncio.Semaphore(_WRITERS)

    async def read_windows(self, account: AccountReading) -> None:
        """Read the account's windows to their ends, those that the first page opens as well."""
        account.is_resumed = await self._was_begun(account)
        while windows := await self._open_windows(account):
            results = await asyncio.gather(
                *(self._read_window(account, window) for window in windows), return_exceptions=True
            )
            for error in results:
                if error is not None:
                    raise error

    async def store(
        self,
        account: AccountReading,
        page: Page[TransactionSlice],
        *,
        window: SyncWindow | None = None,
        rest: Sequence[plan.Span] = (),
    ) -> None:
        """Store a page with its counts and, inside a window, its checkpoint; `rest` replaces the window's remainder."""
        claim = self.claim
        reader = Reader(
            run_id=claim.run_id,
            fence=claim.fence,
            account_id=account.id,
            context=LedgerContext(claim.owner_id, account.is_card, account.currency_code),
            continues_rows=account.is_taken_over and account.is_deep,
            has_rules=account.has_rules,
        )

        async def store(session: AsyncSession) -> PageCount:
            await connections.hold_fence(session, claim.owner_id, claim.connection_id, claim.fence)
            counts = await self._ingest.store_page(session, reader, page.results, page.bad_records)
            await repository.add_counts(session, claim.owner_id, claim.run_id, account.id, counts=counts._asdict())
            if window is not None:
                if rest:
                    await repository.add_windows(session, _windows(window, rest))
                await repository.move_window(session, window, after=None if rest else page.next)
            return counts

        async with self._writers:
            account.note(page, await in_transaction(self.resources.sessions, claim.owner_id, store))

    async def _was_begun(self, account: AccountReading) -> bool:
        claim = self.claim
        return await in_transaction(
            self.resources.sessions,
            claim.owner_id,
            lambda session: repository.was_begun(session, claim.owner_id, claim.run_id, account.id),
        )

    async def _open_windows(self, account: AccountReading) -> list[SyncWindow]:
        claim = self.claim
        return list(
            await in_transaction(
                self.resources.sessions,
                claim.owner_id,
                lambda session: repository.open_windows(session, claim.owner_id, claim.run_id, account.id),
            )
        )

    async def _read_window(self, account: AccountReading, window: SyncWindow) -> None:
        async with self._slots:
            after = window.after
            for restart in range(_RESTARTS + 1):
                try:
                    await self._follow(account, window, after)
                except PluggyRefused as refusal:
                    # A cursor may have turned invalid: from the window's start again, stored rows cost nothing.
                    if refusal.status != 400 or restart == _RESTARTS:
                        raise
                    after = None
                else:
                    return

    async def _follow(self, account: AccountReading, window: SyncWindow, after: str | None) -> None:
        pages = self.resources.pluggy.iter_transaction_pages(
            account.pluggy_id,
            created_at_from=window.created_at_from,
            date_from=window.date_from,
            date_to=window.date_to,
            after=after,
        )
        async with aclosing(pages):
            async for page in pages:
                rest = _rest(window, page)
                await self.store(account, page, window=window, rest=rest)
                window.pages += 1
                if rest:
                    return
                del page  # not held while the next one is waited for


def _rest(window: SyncWindow, page: Page[TransactionSlice]) -> Sequence[plan.Span]:
    """Return the spans of what this first page of a whole history may leave unread; empty: nothing to split."""
    is_whole = window.position == 0 and window.created_at_from is None and window.after is None and not window.pages
    if not is_whole or page.next is None:
        return ()
    transactions, _ = decode_transactions([page.results[0], page.results[-1]] if page.results else [])
    if not transactions:
        return ()
    newest, oldest = [transactions[at].date.astimezone(UTC).date() for at in (0, -1)]
    # A day's rows may stand on both sides of the cut, by either reading of "day": stored rows cost nothing.
    return plan.split(oldest + timedelta(days=1), page_days=max((newest - oldest).days, 1))


def _windows(whole: SyncWindow, spans: Sequence[plan.Span]) -> list[dict[str, Any]]:
    return [
        {
            "owner_id": whole.owner_id,
            "run_id": whole.run_id,
            "account_id": whole.account_id,
            "position": position,
            "date_from": span.date_from,
            "date_to": span.date_to,
        }
        for position, span in enumerate(spans, start=1)
    ]
