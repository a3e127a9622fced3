"""Reading the accounts of a run: windows side by side, each page stored with its checkpoint."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository as account_rows
from app.connections import service as connections
from app.database import in_transaction
from app.pluggy.errors import PluggyError, PluggyRefused, PluggyUnavailable
from app.pluggy.pages import Page, TransactionSlice, decode_transactions
from app.resources import Resources
from app.sync import plan, repository
from app.sync.models import SyncWindow
from app.sync.service import Claim
from app.transactions.ingest import Ingest, Reader
from app.transactions.mapping import LedgerContext

log = structlog.get_logger()

SIDE_BY_SIDE = 8
_RESTARTS = 3


@dataclass
class AccountReading:
    """An account being read."""

    id: UUID
    pluggy_id: UUID
    is_card: bool
    currency_code: str
    is_deep: bool
    """Whether the whole history is read, not what arrived since the watermark."""


async def read_accounts(resources: Resources, claim: Claim, accounts: list[AccountReading]) -> list[dict[str, Any]]:
    """Read every account to its end and return why some could not be; one never stops the others (R28).

    Raises PluggyUnavailable when that is what stopped any of them, ConnectionFenced.
    """
    reading = _Reading(resources, claim)
    results = await asyncio.gather(*(reading.read(account) for account in accounts), return_exceptions=True)
    failures: list[dict[str, Any]] = []
    unavailable: BaseException | None = None
    for account, result in zip(accounts, results, strict=True):
        if isinstance(result, PluggyUnavailable):
            unavailable = result
        elif isinstance(result, PluggyError):
            failures.append({"code": "account_failed", "subject": str(account.id), "message": str(result)})
            await reading.end(account, status="failed", error_code="pluggy_refused", error_detail=str(result))
        elif isinstance(result, BaseException):
            raise result
    if unavailable is not None:
        raise unavailable
    return failures


class _Reading:
    def __init__(self, resources: Resources, claim: Claim) -> None:
        self._resources = resources
        self._claim = claim
        self._ingest = Ingest(resources.vault)
        self._slots = asyncio.Semaphore(SIDE_BY_SIDE)

    async def read(self, account: AccountReading) -> None:
        """Read the account's windows to their ends, those that the first page opens as well."""
        while windows := await self._open_windows(account):
            results = await asyncio.gather(
                *(self._read_window(account, window) for window in windows), return_exceptions=True
            )
            for error in results:
                if error is not None:
                    raise error
        await self.end(account, status="succeeded")

    async def end(self, account: AccountReading, *, status: str, **columns: Any) -> None:
        """Write how the account's part ended; a full success moves its watermark."""
        claim = self._claim

        async def end(session: AsyncSession) -> None:
            await connections.hold_fence(session, claim.owner_id, claim.connection_id, claim.fence)
            newest = await repository.end_account(
                session, claim.owner_id, claim.run_id, account.id, status=status, **columns
            )
            if status == "succeeded":
                await account_rows.set_read(
                    session, claim.owner_id, account.id, newest_created_at=newest, is_deep=account.is_deep
                )

        await in_transaction(self._resources.sessions, claim.owner_id, end)

    async def _open_windows(self, account: AccountReading) -> list[SyncWindow]:
        claim = self._claim
        return list(
            await in_transaction(
                self._resources.sessions,
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
        pages = self._resources.pluggy.iter_transaction_pages(
            account.pluggy_id,
            created_at_from=window.created_at_from,
            date_from=window.date_from,
            date_to=window.date_to,
            after=after,
        )
        async for page in pages:
            if await self._store(account, window, page):
                await pages.aclose()
                return

    async def _store(self, account: AccountReading, window: SyncWindow, page: Page[TransactionSlice]) -> bool:
        """Store a page with its checkpoint; True when the rest of the window was split into windows of its own."""
        claim = self._claim
        reader = Reader(
            run_id=claim.run_id,
            fence=claim.fence,
            account_id=account.id,
            context=LedgerContext(claim.owner_id, account.is_card, account.currency_code),
        )
        rest = _rest(window, page)

        async def store(session: AsyncSession) -> None:
            await connections.hold_fence(session, claim.owner_id, claim.connection_id, claim.fence)
            counts = await self._ingest.store_page(session, reader, page.results, page.bad_records)
            if rest is not None:
                await repository.add_windows(session, _windows(window, plan.split(rest)))
            after = None if rest is not None else page.next
            await repository.checkpoint(session, window, after=after, counts=counts._asdict())

        await in_transaction(self._resources.sessions, claim.owner_id, store)
        return rest is not None


def _rest(window: SyncWindow, page: Page[TransactionSlice]) -> date | None:
    """Return the newest day that this first page of a whole history may leave unread; None: nothing to split."""
    is_whole = window.position == 0 and window.created_at_from is None and window.after is None and not window.pages
    if not is_whole or page.next is None:
        return None
    transactions, _ = decode_transactions(page.results[-1:])
    # A day's rows may stand on both sides of the cut, by either reading of "day": stored rows cost nothing.
    return transactions[-1].date.astimezone(UTC).date() + timedelta(days=1) if transactions else None


def _windows(whole: SyncWindow, spans: list[plan.Span]) -> list[dict[str, Any]]:
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
