"""The balance as the bank tells it now: a call to Pluggy between two short transactions."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from app.accounts import service as accounts
from app.accounts.models import Account
from app.balances.errors import BalanceConsentNeeded, BalanceQuotaUsedUp, BankNotAnswering, LiveBalanceNotPossible
from app.clock import BANK_ZONE, utc_now
from app.connections.models import BankConnection
from app.connections.status import DELETED
from app.database import transaction
from app.money import money_or_none, to_money
from app.pluggy.errors import PluggyAuthError, PluggyRateLimited, PluggyRefused, PluggyUnavailable
from app.pluggy.ledger_models import Balance
from app.pluggy.limits import Lane
from app.resources import Resources

_BANK_RESTS = timedelta(minutes=1)


class LiveBalance(NamedTuple):
    """What the bank told, and the account and connection it was asked of."""

    account: Account
    connection: BankConnection
    balance: Decimal
    currency_code: str
    as_of: datetime
    blocked_balance: Decimal | None
    automatically_invested_balance: Decimal | None
    closing_balance: Decimal | None


async def read_live_balance(resources: Resources, owner_id: UUID, account_id: UUID) -> LiveBalance:
    """Return the balance as the bank tells it now; nothing is stored, the history is that of visits.

    Raises AccountNotFound, a LiveBalanceRefused, PluggyError.
    """
    async with transaction(resources.sessions, owner_id) as session:
        account, connection = await accounts.get_with_connection(session, owner_id, account_id)
    if connection.status == DELETED or account.unlisted_at is not None:
        raise LiveBalanceNotPossible
    told = await _ask(resources, account.pluggy_id)
    try:
        return _live(account, connection, told)
    except ValueError:  # an amount out of all range
        raise BankNotAnswering(retry_at=utc_now() + _BANK_RESTS) from None


async def _ask(resources: Resources, pluggy_id: UUID) -> Balance:
    try:
        return await resources.pluggy.for_lane(Lane.USER).get_live_balance(pluggy_id)
    except PluggyAuthError:
        raise
    except PluggyUnavailable as error:  # a code speaks for the bank, its absence for Pluggy
        if not (error.code or "").startswith("BALANCE_"):
            raise
        if isinstance(error, PluggyRateLimited):
            raise BalanceQuotaUsedUp(retry_at=_next_month(utc_now())) from None
        raise BankNotAnswering(retry_at=utc_now() + _BANK_RESTS) from None
    except PluggyRefused as error:
        raise (BalanceConsentNeeded if error.code == "BALANCE_CONSENT_ERROR" else LiveBalanceNotPossible) from None


def _next_month(now: datetime) -> datetime:
    """Return the first midnight of the bank's next month, when quotas begin anew."""
    local = now.astimezone(BANK_ZONE)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def _live(account: Account, connection: BankConnection, told: Balance) -> LiveBalance:
    balance = to_money(told.balance)
    return LiveBalance(
        account=account,
        connection=connection,
        balance=-abs(balance) if account.type == "CREDIT" else balance,
        currency_code=told.currency_code or account.currency_code,
        as_of=told.update_date_time or utc_now(),
        blocked_balance=money_or_none(told.blocked_balance),
        automatically_invested_balance=money_or_none(told.automatically_invested_balance),
        closing_balance=money_or_none(told.closing_balance),
    )
