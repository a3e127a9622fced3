"""Use cases of balance history, each inside the caller's transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import service as accounts
from app.accounts.models import Account
from app.balances import repository
from app.balances.check import LOOK_BACK, Snapshot, mismatch, unexplained
from app.balances.models import AccountBalance
from app.changes import next_change
from app.clock import local_day
from app.money import money_text
from app.transactions import repository as rows


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    account_id: UUID,
    *,
    date_from: date | None,
    date_to: date | None,
    before: date | None,
    limit: int,
) -> Sequence[AccountBalance]:
    """Return the account's balances, newest first, strictly before the day. Raises AccountNotFound."""
    await accounts.get(session, owner_id, account_id)
    return await repository.list_page(
        session, owner_id, account_id, date_from=date_from, date_to=date_to, before=before, limit=limit
    )


async def take_snapshot(
    session: AsyncSession, account: Account, *, as_of: datetime, is_complete: bool, run_id: UUID
) -> None:
    """Keep the account's balance as that of the day of `as_of`; an equal one, or one of an older visit, is not written.

    With `is_complete` (all rows of a sound visit are in the ledger) it is compared with the rows since earlier days; a
    difference that stays is a finding.
    """
    if account.balance is None:
        return
    day = local_day(as_of)
    held = await repository.since(session, account.owner_id, account.id, day - LOOK_BACK)
    if any(each.as_of > as_of for each in held):
        return
    earlier = [each for each in held if each.day < day]
    now = Snapshot(day, account.balance, None)
    if is_complete and _is_comparable(account):
        now = await _compare(session, account, now, [_plain(each) for each in earlier])
    await _write(session, account, now, as_of, held=next((each for each in held if each.day == day), None))
    found = mismatch([*map(_plain, earlier), now])
    if found is not None:
        details = {
            "difference": money_text(found.difference),
            "currency_code": account.currency_code,
            "since": found.since.isoformat(),
        }
        finding = ("balance_mismatch", f"{account.id}:{found.since}", details)
        await rows.add_findings(session, account.owner_id, [finding], account_id=account.id, run_id=run_id)


def _is_comparable(account: Account) -> bool:
    """Tell whether the balance moves by listed rows alone: a card's does not, nor where the bank invests by itself."""
    invested = account.details.get("automatically_invested_balance")
    return account.type == "BANK" and not Decimal(invested or 0)


async def _compare(session: AsyncSession, account: Account, now: Snapshot, earlier: Sequence[Snapshot]) -> Snapshot:
    first = earlier[0].day if earlier else now.day
    sums = await repository.sums_by_day(session, account.owner_id, account, first=first, last=now.day)
    if any(each.doubtful for each in sums):  # a pending row may be in the balance already, or not yet
        return now
    by_day = {each.day: each.settled for each in sums}
    return now._replace(movements=by_day.get(now.day, Decimal(0)), unexplained=unexplained(now, earlier, by_day))


async def _write(
    session: AsyncSession, account: Account, now: Snapshot, as_of: datetime, *, held: AccountBalance | None
) -> None:
    columns = {
        "balance": now.balance,
        "currency_code": account.currency_code,
        "as_of": as_of,
        "movements": now.movements,
        "unexplained": now.unexplained,
    }
    if held is not None and all(getattr(held, name) == value for name, value in columns.items()):
        return
    columns["change_number"] = await next_change(session, account.owner_id)
    if held is None:
        await repository.add(
            session, AccountBalance(owner_id=account.owner_id, account_id=account.id, day=now.day, **columns)
        )
        return
    for name, value in {**columns, "updated_at": func.now()}.items():
        setattr(held, name, value)
    await session.flush()


def _plain(row: AccountBalance) -> Snapshot:
    return Snapshot(row.day, row.balance, row.movements, row.unexplained)
