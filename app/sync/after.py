"""What a run reads besides transactions, and what follows from all it has read."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository as account_rows
from app.balances import service as balances
from app.bills import mapping as bill_mapping
from app.bills import service as bills
from app.clock import local_day, utc_now
from app.connections import service as connections
from app.database import in_transaction
from app.derived.service import derive_or_owe
from app.holdings import investments, loans
from app.holdings import service as holdings
from app.holdings.models import Investment, Loan
from app.mirror import Source
from app.pluggy.errors import PluggyError, PluggyListMoved, PluggyUnavailable
from app.pluggy.models import ExecutionStatus, Item, ItemStatus
from app.pluggy.pages import Page
from app.resources import Resources
from app.sync import repository
from app.sync.reading import AccountReading
from app.sync.service import Claim
from app.vault import Vault

log = structlog.get_logger()

_Record = TypeVar("_Record")
Warnings = list[dict[str, Any]]
_RESTARTS = 3
_SOUND = frozenset({ExecutionStatus.SUCCESS, ExecutionStatus.PARTIAL_SUCCESS})


@dataclass(frozen=True)
class _Part(Generic[_Record]):
    """One short list of Pluggy's: how it is read, and where it goes."""

    name: str
    subject: str | None
    product: str
    """Its key in the item's `statusDetail`."""

    pages: Callable[[], AsyncGenerator[Page[_Record], None]]
    to_source: Callable[[_Record], Source]
    store: Callable[..., Awaitable[None]]
    """Takes the session, `sources` and `is_whole`."""


async def read_extras(resources: Resources, claim: Claim, item: Item, accounts: Sequence[AccountReading]) -> Warnings:
    """Mirror the cards' bills, and the item's investments and loans if it has them; return what was left undone.

    One part that fails never stops the others (R28). Raises PluggyUnavailable when that is what stopped any of them,
    ConnectionFenced.
    """
    parts = [*_bills(resources, claim, accounts), *_holdings(resources, claim, item)]
    results = await asyncio.gather(*(_read(resources, claim, item, part) for part in parts), return_exceptions=True)
    warnings: Warnings = []
    unavailable: BaseException | None = None
    for part, result in zip(parts, results, strict=True):
        if isinstance(result, PluggyUnavailable):
            unavailable = result
        elif isinstance(result, PluggyError):
            warnings.append({"code": f"{part.name}_failed", "subject": part.subject, "message": str(result)})
        elif isinstance(result, BaseException):
            raise result
        else:
            warnings += result
    if unavailable is not None:
        raise unavailable
    return warnings


def _bills(resources: Resources, claim: Claim, accounts: Sequence[AccountReading]) -> Iterator[_Part[Any]]:
    today = local_day(utc_now())
    for account in accounts:
        if account.is_card:
            yield _Part(
                name="bills",
                subject=str(account.id),
                product="creditCards",
                pages=partial(resources.pluggy.iter_bill_pages, account.pluggy_id),
                to_source=bill_mapping.to_source,
                store=partial(bills.mirror, owner_id=claim.owner_id, account_id=account.id, today=today),
            )


def _holdings(resources: Resources, claim: Claim, item: Item) -> Iterator[_Part[Any]]:
    if "INVESTMENTS" in (item.products or ()):
        yield _Part(
            name="investments",
            subject=None,
            product="investments",
            pages=partial(resources.pluggy.iter_investment_pages, item.id),
            to_source=investments.to_source,
            store=partial(holdings.mirror, kind=Investment, owner_id=claim.owner_id, connection_id=claim.connection_id),
        )
    if "LOANS" in (item.products or ()):
        yield _Part(
            name="loans",
            subject=None,
            product="loans",
            pages=partial(resources.pluggy.iter_loan_pages, item.id),
            to_source=loans.to_source,
            store=partial(holdings.mirror, kind=Loan, owner_id=claim.owner_id, connection_id=claim.connection_id),
        )


async def _read(resources: Resources, claim: Claim, item: Item, part: _Part[Any]) -> Warnings:
    records, warnings = await _collect(part)
    sources: list[Source] = []
    for record in records:
        try:
            sources.append(part.to_source(record))
        except ValueError as error:
            warnings.append(_malformed(part, str(record.id), str(error)))
    is_whole = not warnings and _is_sound(item, part.product)

    async def store(session: AsyncSession) -> None:
        await connections.hold_fence(session, claim.owner_id, claim.connection_id, claim.fence)
        await part.store(session, sources=sources, is_whole=is_whole)

    await in_transaction(resources.sessions, claim.owner_id, store)
    return warnings


async def _collect(part: _Part[_Record]) -> tuple[list[_Record], Warnings]:
    """Return all records of the list; one that moves while it is read is read anew (R27)."""
    for restart in range(_RESTARTS + 1):
        records: list[_Record] = []
        warnings: Warnings = []
        try:
            async with aclosing(part.pages()) as pages:
                async for page in pages:
                    records += page.results
                    warnings += [_malformed(part, bad.id, bad.reason) for bad in page.bad_records]
        except PluggyListMoved:
            if restart == _RESTARTS:
                raise
        else:
            break
    return records, warnings


def _malformed(part: _Part[Any], subject: str | None, reason: str) -> dict[str, Any]:
    return {"code": f"malformed_{part.name.removesuffix('s')}", "subject": subject, "message": reason}


def _is_sound(item: Item, product: str) -> bool:
    """Tell whether an absence from the list says anything: the bank's last visit brought this product."""
    if item.status not in {ItemStatus.UPDATED, ItemStatus.PARTIAL_SUCCESS} or item.execution_status not in _SOUND:
        return False
    state = (item.status_detail or {}).get(product)
    return state is None or state.is_updated is not False


async def after_sync(session: AsyncSession, claim: Claim, item: Item, vault: Vault) -> bool:
    """Do what follows from a reading, in the transaction that ends the run: keep the day's balances, derive meaning.

    Return whether all meaning is derived; else it is owed.
    """
    parts = {part.account_id: part for part in await repository.run_accounts(session, claim.owner_id, [claim.run_id])}
    is_sound = item.status == ItemStatus.UPDATED and item.execution_status == ExecutionStatus.SUCCESS
    for account in await account_rows.of_connection(session, claim.owner_id, claim.connection_id):
        part = parts.get(account.id)
        as_of = _visited_at(item, "creditCards" if account.type == "CREDIT" else "accounts")
        if part is None or as_of is None or account.removed_at is not None:
            continue
        is_complete = is_sound and part.status == "succeeded"
        await balances.take_snapshot(session, account, as_of=as_of, is_complete=is_complete, run_id=claim.run_id)
    return await derive_or_owe(session, claim.owner_id, vault)


def _visited_at(item: Item, product: str) -> datetime | None:
    """Return when the bank last told this product; None when it never did."""
    state = (item.status_detail or {}).get(product)
    if state is not None and state.is_updated is False:
        return state.last_updated_at
    return item.last_updated_at
