"""Carrying out a run: Pluggy calls and short transactions in turn."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import service as accounts
from app.accounts.mapping import AccountColumns, to_columns
from app.accounts.models import Account
from app.clock import utc_now
from app.connections import service as connections
from app.connections.errors import ConnectionFenced, ConnectionNotFound
from app.connections.mapping import item_columns
from app.database import database_now, in_transaction
from app.insights import service as insights
from app.pluggy.errors import PluggyAuthError, PluggyError, PluggyNotFound, PluggyRateLimited, PluggyUnavailable
from app.pluggy.models import Item
from app.resources import Resources
from app.sync import plan, repository, service
from app.sync.accounts import read_accounts
from app.sync.after import after_sync, read_extras
from app.sync.consent import read_consent
from app.sync.errors import SyncRunNotFound
from app.sync.item_state import AWAITS_PERSON, BUSY, warnings_of
from app.sync.models import SyncStatus, SyncTrigger
from app.sync.reading import AccountReading
from app.sync.service import Claim
from app.transactions.ruling import has_rules

log = structlog.get_logger()

LOOK_AGAIN = timedelta(seconds=5)
_LONGEST_PAUSE = 120.0


async def run_sync(resources: Resources, owner_id: UUID, run_id: UUID) -> timedelta | None:
    """Carry out a run, from its checkpoint if it was cut off. Safe to repeat: a run that has ended is left alone.

    Returns a delay when it must wait (another run of the connection, the bank, a rate limit). Raises PluggyUnavailable
    when Pluggy does not answer: the run goes on at the next attempt.
    """
    patience = resources.settings.sync.poll_timeout_seconds
    try:
        claim = await in_transaction(
            resources.sessions,
            owner_id,
            lambda session: service.claim(session, owner_id, run_id, patience_seconds=patience),
        )
    except SyncRunNotFound:
        return None
    if claim is None:
        return LOOK_AGAIN
    log.info("sync_started", run_id=str(run_id), connection_id=str(claim.connection_id), fence=claim.fence)
    try:
        return await _Run(resources, claim).carry_out()
    except (ConnectionFenced, ConnectionNotFound):
        await in_transaction(
            resources.sessions,
            owner_id,
            lambda session: service.finish(session, claim, status=SyncStatus.SUPERSEDED),
        )
        return None


async def request_due_sync(resources: Resources, owner_id: UUID, connection_id: UUID) -> timedelta | None:
    """Queue the read that a connection's schedule owes; returns when to look again should that read never happen."""

    async def request(session: AsyncSession) -> None:
        await service.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.SCHEDULE)

    try:
        await in_transaction(resources.sessions, owner_id, request)
    except ConnectionNotFound:
        return None
    return timedelta(hours=resources.settings.sync.auto_sync_interval_hours)


class _Run:
    """One attempt at a run."""

    def __init__(self, resources: Resources, claim: Claim) -> None:
        self._resources = resources
        self._claim = claim

    async def carry_out(self) -> timedelta | None:
        try:
            return await self._go_on()
        except PluggyNotFound:
            await self._record_item({"status": "DELETED", "execution_status": None})
            await self._end(
                SyncStatus.FAILED, error_code="item_deleted", error_detail="Pluggy has no such item any more."
            )
        except PluggyRateLimited as limit:
            await self._note("rate_limited", "Pluggy's rate limit is used up; the run goes on by itself.")
            return timedelta(seconds=min(limit.retry_after or 60.0, _LONGEST_PAUSE))
        except PluggyUnavailable:
            await self._note("pluggy_unavailable", "Pluggy did not answer; the run is tried again by itself.")
            raise
        except PluggyAuthError:
            await self._note(
                "pluggy_auth_failed", "Pluggy refused the service's own credentials: the operator must act."
            )
            raise
        except PluggyError as error:
            await self._note("pluggy_refused", str(error))
            raise
        return None

    async def _go_on(self) -> timedelta | None:
        """Do what the item and the consent allow now; returns a delay while the bank is not ready."""
        item = await self._resources.pluggy.get_item(self._claim.item_id)
        await self._record_item(item_columns(item))
        if item.status in BUSY:
            return await self._wait_for_bank()
        consent = await read_consent(self._resources, self._claim)
        if consent.forbids_reading:
            await self._end(
                SyncStatus.FAILED,
                error_code="consent_invalid",
                error_detail=f"The consent is {consent.reason}: nothing is read, and nothing is removed.",
            )
        elif item.status in AWAITS_PERSON:
            await self._end(
                SyncStatus.FAILED,
                error_code="action_required",
                error_detail=f"The bank awaits the person: {item.status}, {item.execution_status}.",
            )
        else:
            await self._read(item)
        return None

    async def _read(self, item: Item) -> None:
        await self._set_phase("accounts")
        sources: list[AccountColumns] = []
        warnings = warnings_of(item)
        async for page in self._resources.pluggy.iter_account_pages(self._claim.item_id):
            for account in page.results:
                try:
                    sources.append(to_columns(account))
                except ValueError as error:
                    warnings.append({"code": "malformed_account", "subject": str(account.id), "message": str(error)})
            warnings += [
                {"code": "malformed_account", "subject": bad.id, "message": bad.reason} for bad in page.bad_records
            ]
        mirrored = await self._store_accounts(sources, warnings)
        await self._set_phase("transactions")
        warnings += await read_accounts(self._resources, self._claim, item, mirrored)
        await self._set_phase("bills_and_holdings")
        warnings += await read_extras(self._resources, self._claim, item, mirrored)
        await self._end(
            SyncStatus.PARTIAL if warnings else SyncStatus.SUCCEEDED,
            warnings=warnings,
            next_auto_sync_at=item.next_auto_sync_at,
            read_item=item,
        )

    async def _store_accounts(
        self, sources: list[AccountColumns], warnings: list[dict[str, Any]]
    ) -> list[AccountReading]:
        claim, vault = self._claim, self._resources.vault

        async def store(session: AsyncSession) -> tuple[accounts.Mirrored, list[AccountReading]]:
            await self._hold(session)
            connection = await connections.get(session, claim.owner_id, claim.connection_id)
            now = await database_now(session)
            mirrored = await accounts.mirror(session, claim.owner_id, connection, sources, now=now, vault=vault)
            return mirrored, [await self._enter(session, account, now) for account in mirrored.listed]

        mirrored, readings = await in_transaction(self._resources.sessions, claim.owner_id, store)
        warnings += mirrored.warnings
        return readings

    async def _enter(self, session: AsyncSession, account: Account, now: datetime) -> AccountReading:
        claim = self._claim
        created_from = plan.read_from(account.watermark_at, account.deep_read_at, now=now)
        await repository.add_account(session, claim.owner_id, claim.run_id, account.id, read_from=created_from)
        window = {
            "owner_id": claim.owner_id,
            "run_id": claim.run_id,
            "account_id": account.id,
            "position": 0,
            "created_at_from": created_from,
        }
        await repository.add_windows(session, [window])
        return AccountReading(
            id=account.id,
            pluggy_id=account.pluggy_id,
            is_card=account.type == "CREDIT",
            currency_code=account.currency_code,
            is_deep=created_from is None,
            is_taken_over=account.taken_over_at is not None,
            has_rules=await has_rules(session, claim.owner_id),
        )

    async def _record_item(self, columns: dict[str, object]) -> None:
        async def record(session: AsyncSession) -> None:
            await self._hold(session)
            await connections.record_item(session, self._claim.owner_id, self._claim.connection_id, columns)

        await in_transaction(self._resources.sessions, self._claim.owner_id, record)

    async def _wait_for_bank(self) -> timedelta | None:
        if utc_now() > self._claim.deadline_at:
            await self._end(
                SyncStatus.FAILED,
                error_code="bank_still_updating",
                error_detail="The bank had not finished in time; the next event or schedule reads it.",
            )
            return None
        await in_transaction(
            self._resources.sessions,
            self._claim.owner_id,
            lambda session: service.release(session, self._claim, phase="waiting_for_bank"),
        )
        return LOOK_AGAIN

    async def _end(
        self, status: SyncStatus, *, next_auto_sync_at: object = None, read_item: Item | None = None, **columns: object
    ) -> None:
        claim = self._claim
        interval = self._resources.settings.sync.auto_sync_interval_hours

        async def end(session: AsyncSession) -> None:
            await self._hold(session)
            now = await database_now(session)
            due = plan.next_sync_at(
                claim.connection_id,
                read_at=now,
                interval_hours=interval,
                next_auto_sync_at=next_auto_sync_at,  # type: ignore[arg-type] # an instant or None
            )
            await connections.record_read(
                session, claim.owner_id, claim.connection_id, last_read_at=now, next_sync_at=due
            )
            if read_item is None or await after_sync(session, claim, read_item, self._resources.vault):
                await insights.refresh_or_leave(session, claim.owner_id, now=now)
            await service.finish(session, claim, status=status, **columns)

        await in_transaction(self._resources.sessions, claim.owner_id, end)
        log.info("sync_finished", run_id=str(claim.run_id), status=status)

    async def _note(self, code: str, detail: str) -> None:
        claim = self._claim
        await in_transaction(
            self._resources.sessions,
            claim.owner_id,
            lambda session: repository.note(
                session, claim.owner_id, claim.run_id, fence=claim.fence, error_code=code, error_detail=detail
            ),
        )

    async def _set_phase(self, phase: str) -> None:
        claim = self._claim
        await in_transaction(
            self._resources.sessions,
            claim.owner_id,
            lambda session: repository.note(session, claim.owner_id, claim.run_id, fence=claim.fence, phase=phase),
        )

    async def _hold(self, session: AsyncSession) -> None:
        claim = self._claim
        await connections.hold_fence(session, claim.owner_id, claim.connection_id, claim.fence)
