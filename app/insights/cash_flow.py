"""Income and spending by month."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.insights import queries
from app.insights.figures import Figure, Filter, days, figure
from app.insights.periods import Month, MonthRange, last_day, months
from app.insights.queries import MonthSum
from app.schemas import ApiModel, MoneyText
from app.transactions.counting import LEFT_OUT, CountsAs
from app.transactions.filters import TransactionFilter

_URL: Final = "/api/banking/transactions/?date_from=2026-03-01&date_to=2026-03-31&currency_code=BRL&counts_as="


def _example(amount: str, count: int, counts_as: str) -> dict[str, Any]:
    return {"amount": amount, "count": count, "transactions_url": _URL + counts_as}


class LeftOut(ApiModel):
    """What is neither income nor spending. `counts_as` is an open enum: `own_account_transfer`, `card_payment`, …"""

    counts_as: str
    money_in: Figure
    money_out: Figure


class CashFlowMonth(ApiModel):
    """A month of the bank's calendar. `net` is `income` plus `spending`, which is negative."""

    month: Month
    is_complete: Annotated[bool, Field(description="False for the present month, which is counted up to today.")]
    income: Figure
    spending: Figure
    net: MoneyText


class CashFlow(ApiModel):
    """All months in one currency, and what was left out of them."""

    currency_code: str
    income: Figure
    spending: Figure
    net: MoneyText
    months: list[CashFlowMonth]
    left_out: list[LeftOut]


class CashFlowRead(ApiModel):
    """Income and spending by month, in each currency by itself: currencies are never summed up together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "month_from": "2026-03",
                    "month_to": "2026-03",
                    "currencies": [
                        {
                            "currency_code": "BRL",
                            "income": _example("9800.00", 2, "income"),
                            "spending": _example("-6210.55", 84, "spending"),
                            "net": "3589.45",
                            "months": [
                                {
                                    "month": "2026-03",
                                    "is_complete": True,
                                    "income": _example("9800.00", 2, "income"),
                                    "spending": _example("-6210.55", 84, "spending"),
                                    "net": "3589.45",
                                }
                            ],
                            "left_out": [
                                {
                                    "counts_as": "card_payment",
                                    "money_in": _example("1834.90", 1, "card_payment&direction=IN"),
                                    "money_out": _example("-1834.90", 1, "card_payment&direction=OUT"),
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    month_from: Month
    month_to: Month
    currencies: list[CashFlow]


async def cash_flow(session: AsyncSession, owner_id: UUID, asked: MonthRange, *, today: date) -> CashFlowRead:
    """Return income and spending of the months asked for, the present one up to today. Raises RangeTooLong."""
    first, last = asked.bounds(today)
    found: Sequence[MonthSum] = ()
    if first <= last:
        rows = TransactionFilter(date_from=first, date_to=min(last_day(last), today), **asked.filter)
        found = await queries.sums_by_month(session, owner_id, rows)
    by_currency: dict[str, list[MonthSum]] = defaultdict(list)
    for each in found:
        by_currency[each.currency_code].append(each)
    period = _Period(list(months(first, last)), today, asked.filter)
    return CashFlowRead.model_construct(
        month_from=first,
        month_to=last,
        currencies=[period.flow(code, by_currency[code]) for code in sorted(by_currency)],
    )


class _Period:
    """The months that are told of."""

    def __init__(self, months: list[date], today: date, whose: Filter) -> None:
        self._months, self._today, self._whose = months, today, whose

    def flow(self, currency_code: str, sums: Sequence[MonthSum]) -> CashFlow:
        def counted(counts_as: CountsAs, since: date, until: date, direction: str | None = None) -> Figure:
            chosen = [
                each
                for each in sums
                if each.counts_as == counts_as and since <= each.month <= until and direction in {None, each.direction}
            ]
            rows = self._rows(currency_code, counts_as, since, until)
            return total(chosen, rows | ({"direction": direction} if direction else {}))

        first, last = self._months[0], self._months[-1]
        income, spending = (counted(each, first, last) for each in (CountsAs.INCOME, CountsAs.SPENDING))
        parts = {each: [counted(each, first, last, way) for way in ("IN", "OUT")] for each in LEFT_OUT}
        return CashFlow.model_construct(
            currency_code=currency_code,
            income=income,
            spending=spending,
            net=income.amount + spending.amount,
            months=[
                self._month(month, counted(CountsAs.INCOME, month, month), counted(CountsAs.SPENDING, month, month))
                for month in self._months
            ],
            left_out=[
                LeftOut.model_construct(counts_as=each, money_in=money_in, money_out=money_out)
                for each, (money_in, money_out) in parts.items()
                if money_in.count or money_out.count
            ],
        )

    def _month(self, month: date, income: Figure, spending: Figure) -> CashFlowMonth:
        return CashFlowMonth.model_construct(
            month=month,
            is_complete=last_day(month) < self._today,
            income=income,
            spending=spending,
            net=income.amount + spending.amount,
        )

    def _rows(self, currency_code: str, counts_as: CountsAs, since: date, until: date) -> Filter:
        period = days(since, min(last_day(until), self._today))
        return {**period, "currency_code": currency_code, "counts_as": str(counts_as), **self._whose}


def total(sums: Iterable[MonthSum], rows: Filter) -> Figure:
    """Return these sums as one."""
    amount, count = Decimal(0), 0
    for each in sums:
        amount, count = amount + each.amount, count + each.rows
    return figure(amount, count, rows)
