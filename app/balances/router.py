"""HTTP of balances."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.accounts.errors import AccountNotFound
from app.balances import flow, service
from app.balances.errors import BalanceConsentNeeded, BalanceQuotaUsedUp, BankNotAnswering, LiveBalanceNotPossible
from app.balances.schemas import BalanceRead, LiveBalanceRead, shown
from app.clock import utc_now
from app.dependencies import OwnerDep, PageDep, ResourcesDep, SessionDep
from app.freshness import freshness_of
from app.http_errors import InvalidRequest, PluggyAuthFailed, PluggyHasRefused, PluggyIsUnavailable
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.rates import Rate
from app.routing import make_router, requires
from app.schemas import Day, Results

router = make_router("accounts")


@router.get(
    "/accounts/{account_id}/balances/",
    dependencies=[requires("accounts:read")],
    summary="List an account's balances by day",
    responses=problem_responses(AccountNotFound, InvalidCursor),
)
async def list_balances(
    account_id: UUID,
    owner: OwnerDep,
    session: SessionDep,
    page: PageDep,
    date_from: Annotated[Day | None, Query(description="This day and later.")] = None,
    date_to: Annotated[Day | None, Query(description="This day and earlier.")] = None,
) -> Results[BalanceRead]:
    """Return the balance of each day on which the bank was visited, newest first; days without a visit are left out."""
    if date_from is not None and date_to is not None and date_to < date_from:
        fault = {"pointer": "/query/date_to", "detail": "This must not be less than date_from."}
        raise InvalidRequest("The request does not validate.", errors=[fault])
    binding = ("balances", owner.id, account_id, date_from, date_to)
    before = page.place(date, binding=binding)
    found = await service.list_page(
        session,
        owner.id,
        account_id,
        date_from=date_from,
        date_to=date_to,
        before=before,
        limit=page.limit + 1,
    )
    rows, cursor = page.cut(found, lambda row: row.day, binding=binding)
    return Results(results=[BalanceRead.model_validate(row) for row in rows], next_cursor=cursor)


@router.post(
    "/accounts/{account_id}/balance/",
    dependencies=[requires("accounts:read", rate=Rate.COSTLY)],
    summary="Ask the bank for the balance now",
    responses=problem_responses(
        AccountNotFound,
        LiveBalanceNotPossible,
        BalanceConsentNeeded,
        BalanceQuotaUsedUp,
        BankNotAnswering,
        PluggyIsUnavailable,
        PluggyAuthFailed,
        PluggyHasRefused,
    ),
)
async def read_live_balance(account_id: UUID, owner: OwnerDep, resources: ResourcesDep) -> LiveBalanceRead:
    """Return the balance as the bank tells it at this moment, without a sync.

    Each request counts against a monthly quota (about 420) that all who ask on the person's behalf share at this bank:
    ask when a person looks, not on a schedule. The account itself and its history keep to the bank's visits.
    """
    live = await flow.read_live_balance(resources, owner.id, account_id)
    interval = timedelta(hours=resources.settings.sync.auto_sync_interval_hours)
    return shown(live, freshness_of(live.connection, interval=interval, now=utc_now()).warnings)
