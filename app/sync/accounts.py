"""One account from its hints to its watermark, and all of a run's accounts side by side."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import repository as account_rows
from app.connections import service as connections
from app.database import in_transaction
from app.pluggy.errors import PluggyError, PluggyUnavailable
from app.pluggy.models import Item
from app.resources import Resources
from app.sync import repository
from app.sync.reading import AccountReader, AccountReading
from app.sync.removal import Removal
from app.sync.service import Claim
from app.transactions import restatement

Warning_ = dict[str, Any]

LONGEST_VISIT: Final = timedelta(hours=1)
"""What Pluggy created so long before it finished a visit to the bank is of that visit; visits lie hours apart."""


async def read_accounts(
    resources: Resources, claim: Claim, item: Item, accounts: list[AccountReading]
) -> list[Warning_]:
    """Read every account to its end and return what was left undone; one never stops the others (R28).

    Raises PluggyUnavailable when that is what stopped any of them, ConnectionFenced.
    """
    reader = AccountReader(resources, claim)
    removal = Removal(reader, item)
    results = await asyncio.gather(
        *(_read(reader, removal, item, account) for account in accounts), return_exceptions=True
    )
    warnings = removal.warnings
    unavailable: BaseException | None = None
    for account, result in zip(accounts, results, strict=True):
        if isinstance(result, PluggyUnavailable):
            unavailable = result
        elif isinstance(result, PluggyError):
            warnings.append({"code": "account_failed", "subject": str(account.id), "message": str(result)})
            await _end(reader, account, status="failed", error_code="pluggy_refused", error_detail=str(result))
        elif isinstance(result, BaseException):
            raise result
    if unavailable is not None:
        raise unavailable
    return warnings


async def _read(reader: AccountReader, removal: Removal, item: Item, account: AccountReading) -> None:
    await removal.settle_hints(account)
    await reader.read_windows(account)
    await removal.settle_absent(account)
    await removal.settle_orphans(account)
    await _reunite(reader, item, account)
    if account.quarantined:
        unreadable = f"{account.quarantined} records could not be read; they are asked for again at the next run"
        removal.warnings.append({"code": "records_quarantined", "subject": str(account.id), "message": unreadable})
    await _end(reader, account, status="partial" if account.quarantined else "succeeded")


async def _reunite(reader: AccountReader, item: Item, account: AccountReading) -> None:
    claim, resources = reader.claim, reader.resources
    visited_at = item.last_updated_at

    async def reunite(session: AsyncSession) -> None:
        await connections.hold_fence(session, claim.owner_id, claim.connection_id, claim.fence)
        reunited = await restatement.reunite(
            session,
            claim.owner_id,
            account.id,
            run_id=claim.run_id,
            since_read=claim.first_fence,
            created_since=visited_at and visited_at - LONGEST_VISIT,
            vault=resources.vault,
        )
        if reunited:  # each pair was counted as one removed and one inserted row, and is one updated row
            moved = {"inserted": -reunited, "updated": reunited, "removed": -reunited}
            await repository.add_counts(session, claim.owner_id, claim.run_id, account.id, counts=moved)

    await in_transaction(resources.sessions, claim.owner_id, reunite)


async def _end(reader: AccountReader, account: AccountReading, *, status: str, **columns: Any) -> None:
    """Write how the account's part ended; a full success moves its watermark."""
    claim = reader.claim

    async def end(session: AsyncSession) -> None:
        await connections.hold_fence(session, claim.owner_id, claim.connection_id, claim.fence)
        newest = await repository.end_account(
            session, claim.owner_id, claim.run_id, account.id, status=status, **columns
        )
        if status == "succeeded":  # else the next run begins where this one did
            await account_rows.set_read(
                session,
                claim.owner_id,
                account.id,
                newest_created_at=newest,
                is_deep=account.is_deep and not account.is_resumed,
            )

    await in_transaction(reader.resources.sessions, claim.owner_id, end)
