"""HTTP of insights."""

from typing import Annotated

from fastapi import Query

from app.clock import local_day, utc_now
from app.dependencies import OwnerDep, ResourcesDep
from app.insights import cash_flow as flows
from app.insights.cash_flow import CashFlowRead
from app.insights.errors import RangeTooLong
from app.insights.periods import MonthRange
from app.problems import problem_responses
from app.routing import make_router, requires

router = make_router("insights")

_READ = requires("insights:read")


@router.get(
    "/insights/cash_flow/",
    dependencies=[_READ],
    summary="Sum up income and spending by month",
    responses=problem_responses(RangeTooLong),
)
async def get_cash_flow(
    owner: OwnerDep, resources: ResourcesDep, asked: Annotated[MonthRange, Query()]
) -> CashFlowRead:
    """Return income, spending and what is left of them, month by month of the bank's calendar, in each currency.

    Transfers between the owner's accounts, payments of the bills of connected cards (whose purchases are counted one by
    one), money put into investments or taken out of them, and rows that the owner ignores are left out: `left_out`
    says how much that was. Each sum leads to its rows. At most 60 months.
    """
    return await flows.cash_flow(resources.engine, owner.id, asked, today=local_day(utc_now()))
