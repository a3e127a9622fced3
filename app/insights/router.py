"""HTTP of insights."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.categories import service as categories
from app.clock import local_day, utc_now
from app.dependencies import OwnerDep, PageDep, SessionDep
from app.insights import balance as balances
from app.insights import cash_flow as flows
from app.insights import forecast as forecasts
from app.insights import installments as plans
from app.insights import open_bills as bills
from app.insights import recurring as series
from app.insights import service
from app.insights import spending as spent
from app.insights.balance import BalanceRead, DayRange
from app.insights.cash_flow import CashFlowRead
from app.insights.errors import InsightNotFound, RangeTooLong
from app.insights.findings import InsightKind
from app.insights.forecast import ForecastRead
from app.insights.installments import InstallmentsRead
from app.insights.open_bills import OpenBillsRead
from app.insights.periods import MonthRange, Whose
from app.insights.recurring import RecurringItem, RecurringRead
from app.insights.schemas import InsightRead, Status, shown
from app.insights.spending import MonthOfSpending, SpendingRead
from app.pagination import InvalidCursor
from app.problems import problem_responses
from app.recurring.errors import SeriesNotFound
from app.recurring.service import decide
from app.routing import make_router, requires
from app.schemas import Results

router = make_router("insights")

_READ = requires("insights:read")


@router.get("/insights/", dependencies=[_READ], summary="List insights", responses=problem_responses(InvalidCursor))
async def list_insights(
    owner: OwnerDep,
    session: SessionDep,
    page: PageDep,
    kind: Annotated[
        str | None, Query(pattern="^[a-z_]{1,40}$", description="Of this kind.", examples=list(InsightKind))
    ] = None,
    status: Annotated[Status | None, Query(description="Those that are still so, or no longer.")] = None,
    dismissed: Annotated[bool | None, Query(description="Those that were dismissed, or were not.")] = None,
) -> Results[InsightRead]:
    """Return what is worth telling, the newest first: found at the end of each sync, and said by `insight.created`.

    Rises of prices, possible duplicates, what banks charge, unusual spending, balances that may not last until the
    next salary, connections that bring nothing new; of the last three months. A thing is told once.
    """
    binding = ("insights", owner.id, kind, status, dismissed)
    found = await service.list_page(
        session,
        owner.id,
        kind=kind,
        state=status,
        is_dismissed=dismissed,
        before=page.place(UUID, binding=binding),
        limit=page.limit + 1,
    )
    rows, cursor = page.cut(found, lambda row: row.id, binding=binding)
    return Results(results=[shown(row) for row in rows], next_cursor=cursor)


@router.post(
    "/insights/{insight_id}/dismiss/",
    dependencies=[requires("transactions:write")],
    summary="Dismiss an insight",
    responses=problem_responses(InsightNotFound),
)
async def dismiss_insight(insight_id: UUID, owner: OwnerDep, session: SessionDep) -> InsightRead:
    """Say that it need not be shown any more. It stays dismissed, whatever is found later."""
    return shown(await service.dismiss(session, owner.id, insight_id, now=utc_now()))


@router.get(
    "/insights/cash_flow/",
    dependencies=[_READ],
    summary="Sum up income and spending by month",
    responses=problem_responses(RangeTooLong),
)
async def get_cash_flow(owner: OwnerDep, session: SessionDep, asked: Annotated[MonthRange, Query()]) -> CashFlowRead:
    """Return income, spending and what is left of them, month by month of the bank's calendar, in each currency.

    Transfers between the owner's accounts, payments of the bills of connected cards (whose purchases are counted one by
    one), money put into investments or taken out of them, and rows that the owner ignores are left out: `left_out`
    says how much that was. Each sum leads to its rows. At most 60 months.
    """
    return await flows.cash_flow(session, owner.id, asked, today=local_day(utc_now()))


@router.get("/insights/spending/", dependencies=[_READ], summary="Sum up spending against the usual")
async def get_spending(
    owner: OwnerDep,
    session: SessionDep,
    asked: Annotated[MonthOfSpending, Query()],
) -> SpendingRead:
    """Return what a month's money went for, by category and by counterparty, in each currency.

    `usual` is the median of the six months before, in the present month of the same days of each. A category's sum
    holds those of the categories below it. What `insights/cash_flow/` leaves out is no spending here either.
    """
    tree = await categories.get_tree(session, owner.id)
    return await spent.spending(session, owner.id, asked, tree, today=local_day(utc_now()))


@router.get(
    "/insights/balance/",
    dependencies=[_READ],
    summary="Follow balances day by day",
    responses=problem_responses(RangeTooLong),
)
async def get_balance_history(owner: OwnerDep, session: SessionDep, asked: Annotated[DayRange, Query()]) -> BalanceRead:
    """Return what was on accounts and owed on cards, day by day, in each currency.

    Each day holds what the last visit to the bank up to then found, so it begins with the day on which the first
    account was connected. Account by account it is at `accounts/{account_id}/balances/`. At most 731 days.
    """
    return await balances.balance(session, owner.id, asked, today=local_day(utc_now()))


@router.get("/insights/recurring/", dependencies=[_READ], summary="Sum up what comes again and again")
async def get_recurring(owner: OwnerDep, session: SessionDep, asked: Annotated[Whose, Query()]) -> RecurringRead:
    """Return salaries, rents, subscriptions and whatever else comes at a steady pace, and what it adds up to a month.

    What stopped coming is left out, and so is what the owner said is no series.
    """
    return await series.recurring(session, owner.id, asked, today=local_day(utc_now()))


@router.post(
    "/insights/recurring/{series_id}/confirm/",
    dependencies=[requires("transactions:write")],
    summary="Confirm a recurring series",
    responses=problem_responses(SeriesNotFound),
)
async def confirm_series(series_id: UUID, owner: OwnerDep, session: SessionDep) -> RecurringItem:
    """Say that it does come again: it is kept, even when its rows no longer look like it."""
    return series.shown(await decide(session, owner.id, series_id, "confirmed"))


@router.post(
    "/insights/recurring/{series_id}/reject/",
    dependencies=[requires("transactions:write")],
    summary="Reject a recurring series",
    responses=problem_responses(SeriesNotFound),
)
async def reject_series(series_id: UUID, owner: OwnerDep, session: SessionDep) -> RecurringItem:
    """Say that it is no series: it is neither listed nor foreseen any more, also when its rows go on coming."""
    return series.shown(await decide(session, owner.id, series_id, "rejected"))


@router.get("/insights/installments/", dependencies=[_READ], summary="Sum up what instalments still commit")
async def get_installments(owner: OwnerDep, session: SessionDep, asked: Annotated[Whose, Query()]) -> InstallmentsRead:
    """Return the purchases that are not paid off, and what they will take in each month to come."""
    return await plans.installments(session, owner.id, asked, today=local_day(utc_now()))


@router.get("/insights/open_bills/", dependencies=[_READ], summary="Project the open bills of cards")
async def get_open_bills(owner: OwnerDep, session: SessionDep, asked: Annotated[Whose, Query()]) -> OpenBillsRead:
    """Return what the open bill of each card comes to already, and when it closes and falls due.

    It holds what was bought since the last bill closed, and the instalments of earlier purchases that fall into it,
    also those that the bank does not list yet. Bills that are made are at `accounts/{account_id}/bills/`.
    """
    return await bills.open_bills(session, owner.id, asked, today=local_day(utc_now()))


@router.get("/insights/forecast/", dependencies=[_READ], summary="Forecast the balance until the next salary")
async def get_forecast(owner: OwnerDep, session: SessionDep) -> ForecastRead:
    """Return what checking accounts will hold until the next salary, and what moves them in the coming 45 days.

    Expected are series that come again, bills of cards that are to be paid, and the open bill as far as its purchases
    and instalments are known, as `insights/open_bills/` has it. Everyday spending is not foreseen.
    """
    return await forecasts.forecast(session, owner.id, today=local_day(utc_now()))
