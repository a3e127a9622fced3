"""Whether the money on checking accounts lasts until the next salary."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.bills.status import last_day_to_pay, remaining_of
from app.insights import queries
from app.insights.open_bills import Projection, projections
from app.insights.queries import Card
from app.recurring.days import CADENCES, next_day
from app.recurring.models import RecurringSeries
from app.schemas import ApiModel, MoneyText

DAYS_AHEAD: Final = 45
_LATE: Final = timedelta(days=5)
"""What did not come on its day is still waited for so long."""

_PACES: Final = {cadence.name: cadence for cadence in CADENCES}


class Expected(ApiModel):
    """What is expected to move a checking account. `kind` is an open enum: `recurring`, `bill`, `open_bill`."""

    day: date
    kind: str
    name: Annotated[str | None, Field(description="The payee of a series, or the card.")]
    amount: MoneyText
    is_estimate: Annotated[bool, Field(description="True where the amount may still differ: of an open bill, …")]
    account_id: UUID
    series_id: UUID | None
    bill_id: UUID | None


class Forecast(ApiModel):
    """One currency. `lowest_balance` is before the next income, or of all the days when none is expected."""

    currency_code: str
    balance: Annotated[MoneyText, Field(description="Now, of all checking accounts.")]
    next_income_on: Annotated[date | None, Field(description="The next day on which the largest regular income comes.")]
    lowest_balance: MoneyText
    lowest_on: date
    is_at_risk: Annotated[bool, Field(description="True when it falls below zero before the next income.")]
    committed: Annotated[MoneyText, Field(description="What leaves before the next income; negative.")]
    expected: list[Expected]


_EXPECTED: Final[dict[str, Any]] = {
    "day": "2026-04-10",
    "kind": "bill",
    "name": "Platinum",
    "amount": "-1834.90",
    "is_estimate": False,
    "account_id": "01990a5e-6f4b-7c11-9d3e-0c6f5b1a2d77",
    "series_id": None,
    "bill_id": "01990a5e-7a10-7b32-8c55-5e8f10a2b3c4",
}


class ForecastRead(ApiModel):
    """What checking accounts will hold, in each currency by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-04-01",
                    "until": "2026-05-16",
                    "currencies": [
                        {
                            "currency_code": "BRL",
                            "balance": "1520.35",
                            "next_income_on": "2026-04-11",
                            "lowest_balance": "-314.55",
                            "lowest_on": "2026-04-10",
                            "is_at_risk": True,
                            "committed": "-1834.90",
                            "expected": [_EXPECTED],
                        }
                    ],
                }
            ]
        }
    )

    as_of: date
    until: date
    currencies: list[Forecast]


async def forecast(session: AsyncSession, owner_id: UUID, *, today: date) -> ForecastRead:
    """Return what is expected of checking accounts in the coming weeks."""
    until = today + timedelta(days=DAYS_AHEAD)
    balances = {each.id: each for each in await queries.checking_accounts(session, owner_id)}
    live = await queries.live_series(session, owner_id, today=today)
    series = [each for each in live if each.account_id in balances]
    cards = await projections(session, owner_id, today=today)
    start: dict[str, Decimal] = defaultdict(Decimal)
    for account in balances.values():
        start[account.currency_code] += account.balance or 0
    expected = [each for every in series for each in _of_series(every, today, until)]
    told = []
    for code, balance in sorted(start.items()):
        of_cards = [
            each
            for card, months in cards
            if card.account.currency_code == code
            for each in _of_card(card, months, today, until)
        ]
        of_code = [each for each in expected if balances[each.account_id].currency_code == code]
        income = _next_income([each for each in series if each.currency_code == code], of_code)
        told.append(_forecast(code, balance, sorted([*of_code, *of_cards], key=_order), income, today, until))
    return ForecastRead.model_construct(as_of=today, until=until, currencies=told)


def _order(expected: Expected) -> tuple[Any, ...]:
    return expected.day, expected.amount, expected.name or ""


def _of_series(series: RecurringSeries, today: date, until: date) -> Iterator[Expected]:
    day, pace = series.next_date, _PACES[series.cadence]
    if today < series.last_date <= until:  # the bank lists it before its day, and it has not moved the balance yet
        yield _occurrence(series, series.last_date, series.last_amount, is_estimate=False)
    while day <= until:
        if day >= today - _LATE:
            yield _occurrence(series, max(day, today), series.typical_amount, is_estimate=series.varies)
        day = next_day(series.day_rule, day, pace)


def _occurrence(series: RecurringSeries, day: date, amount: Decimal, *, is_estimate: bool) -> Expected:
    return Expected.model_construct(
        day=day,
        kind="recurring",
        name=series.name,
        amount=amount,
        is_estimate=is_estimate,
        account_id=series.account_id,
        series_id=series.id,
        bill_id=None,
    )


def _of_card(card: Card, months: Sequence[Projection], today: date, until: date) -> Iterator[Expected]:
    """Yield the bills that are to be paid, and those not made yet, as far as purchases and instalments are known."""
    open_bills = {month.cycle.bill.id for month in months if month.cycle.bill}
    for bill in card.bills:
        owed, day = remaining_of(bill), last_day_to_pay(bill.due_date)
        is_paid = bill.is_paid_in_full or bill.id in open_bills
        if owed and not is_paid and today - _LATE <= day <= until:
            yield _bill(card, max(day, today), -owed, bill_id=bill.id, is_estimate=False)
    for month in months:
        due, amount = month.cycle.due_on, _still_owed(month)
        if amount < 0 and due is not None and today <= (day := last_day_to_pay(due)) <= until:
            bill_id = month.cycle.bill.id if month.cycle.bill else None
            yield _bill(card, day, amount, bill_id=bill_id, is_estimate=True)


def _still_owed(month: Projection) -> Decimal:
    """Return what is known of a bill to come, or the bank's own figure where that is more, less what is paid ahead."""
    bill = month.cycle.bill
    if bill is None:
        return month.amount
    return min(month.amount, -(bill.total_amount or Decimal(0))) + (bill.paid_amount or 0)


def _bill(card: Card, day: date, amount: Decimal, *, bill_id: UUID | None, is_estimate: bool) -> Expected:
    return Expected.model_construct(
        day=day,
        kind="open_bill" if is_estimate else "bill",
        name=card.account.alias or card.account.name,
        amount=amount,
        is_estimate=is_estimate,
        account_id=card.account.id,
        series_id=None,
        bill_id=bill_id,
    )


def _next_income(series: Sequence[RecurringSeries], expected: Iterable[Expected]) -> date | None:
    """Return the next day of the series that brings most at once."""
    incomes = [each for each in series if each.typical_amount > 0]
    if not incomes:
        return None
    largest = max(incomes, key=lambda each: (each.typical_amount, each.id))
    return min((each.day for each in expected if each.series_id == largest.id), default=None)


def _forecast(
    currency_code: str, balance: Decimal, expected: Sequence[Expected], income: date | None, today: date, until: date
) -> Forecast:
    before = [each for each in expected if each.day < (income or until + timedelta(days=1))]
    lowest, lowest_on, held = balance, today, balance
    for number, each in enumerate(before):
        held += each.amount
        is_last_of_day = number + 1 == len(before) or before[number + 1].day > each.day
        if is_last_of_day and held < lowest:
            lowest, lowest_on = held, each.day
    return Forecast.model_construct(
        currency_code=currency_code,
        balance=balance,
        next_income_on=income,
        lowest_balance=lowest,
        lowest_on=lowest_on,
        is_at_risk=lowest < 0,
        committed=sum((each.amount for each in before if each.amount < 0), Decimal(0)),
        expected=list(expected),
    )
