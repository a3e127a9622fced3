"""What comes again and again, and what it adds up to in a month."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.insights import queries
from app.insights.figures import link, these
from app.insights.periods import Whose
from app.money import to_money
from app.recurring.models import RecurringSeries
from app.schemas import ApiModel, MoneyText
from app.transactions.filters import MOST_IDS

A_YEAR: Final = {
    "weekly": 52, "fortnightly": 26, "monthly": 12, "bimonthly": 6, "quarterly": 4, "semiannual": 2, "yearly": 1,
}  # fmt: skip
"""How often a series comes, by its cadence."""


_ITEM: Final[dict[str, Any]] = {
    "series_id": "01990a61-22c8-7d05-b1a4-6f0e7c9d3b12",
    "account_id": "01990a5e-6f4b-7c11-9d3e-0c6f5b1a2d77",
    "counterparty_id": None,
    "name": "Fibra Veloz Telecom",
    "cadence": "monthly",
    "last_amount": "-119.90",
    "typical_amount": "-119.90",
    "a_month": "-119.90",
    "varies": False,
    "last_date": "2026-03-09",
    "next_date": "2026-04-08",
    "price_before": "-112.00",
    "price_changed_on": "2025-11-10",
    "decision": None,
    "decided_at": None,
    "transactions_url": "/api/banking/transactions/?ids=01990a61-22c8-7d05-b1a4-6f0e7c9d3b12",
}


class RecurringItem(ApiModel):
    """A series. `a_month` is its typical amount as it weighs on a month; negative is money out."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ITEM]})

    series_id: UUID
    account_id: UUID
    counterparty_id: UUID | None
    name: str
    cadence: Annotated[str, Field(description="`monthly`, `yearly`, …; an open enum.")]
    last_amount: MoneyText
    typical_amount: MoneyText
    a_month: MoneyText
    varies: Annotated[bool, Field(description="The amount differs nearly each time, as of an electricity bill.")]
    last_date: Annotated[date, Field(description="Of its newest row; ahead where the bank lists what is scheduled.")]
    next_date: Annotated[
        date, Field(description="The day after that on which it is expected, by Brazilian business days.")
    ]
    price_before: Annotated[MoneyText | None, Field(description="Before the last change of a steady price.")]
    price_changed_on: date | None
    decision: Annotated[
        str | None, Field(description="`confirmed` or `rejected` by the owner; null while nothing is said.")
    ]
    decided_at: datetime | None
    transactions_url: Annotated[str, Field(description=f"Lists its rows, the newest {MOST_IDS} of them.")]


class RecurringOfCurrency(ApiModel):
    """What comes again in one currency, the largest first; the sums are of `a_month`."""

    currency_code: str
    income_a_month: MoneyText
    spending_a_month: MoneyText
    series: list[RecurringItem]


class RecurringRead(ApiModel):
    """What comes again and again, in each currency by itself; series that the owner rejected are left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "currencies": [
                        {
                            "currency_code": "BRL",
                            "income_a_month": "0.00",
                            "spending_a_month": "-119.90",
                            "series": [_ITEM],
                        }
                    ]
                }
            ]
        }
    )

    currencies: list[RecurringOfCurrency]


async def recurring(session: AsyncSession, owner_id: UUID, asked: Whose, *, today: date) -> RecurringRead:
    """Return the series that still come, and what they add up to in a month."""
    by_currency: dict[str, list[RecurringItem]] = defaultdict(list)
    for series in await queries.live_series(
        session, owner_id, today=today, account_id=asked.account_id, connection_id=asked.connection_id
    ):
        by_currency[series.currency_code].append(shown(series))
    return RecurringRead.model_construct(
        currencies=[_of_currency(code, items) for code, items in sorted(by_currency.items())]
    )


def _of_currency(currency_code: str, items: Sequence[RecurringItem]) -> RecurringOfCurrency:
    return RecurringOfCurrency.model_construct(
        currency_code=currency_code,
        income_a_month=sum((each.a_month for each in items if each.a_month > 0), Decimal(0)),
        spending_a_month=sum((each.a_month for each in items if each.a_month < 0), Decimal(0)),
        series=sorted(items, key=lambda each: (-abs(each.a_month), each.name, each.series_id)),
    )


def shown(series: RecurringSeries) -> RecurringItem:
    """Return what a client sees of a series."""
    change = series.price_changes[-1] if series.price_changes else None
    sign = -1 if series.last_amount < 0 else 1
    return RecurringItem.model_construct(
        series_id=series.id,
        account_id=series.account_id,
        counterparty_id=series.counterparty_id,
        name=series.name,
        cadence=series.cadence,
        last_amount=series.last_amount,
        typical_amount=series.typical_amount,
        a_month=to_money(series.typical_amount * A_YEAR.get(series.cadence, 12) / 12),
        varies=series.varies,
        last_date=series.last_date,
        next_date=series.next_date,
        price_before=None if change is None else sign * Decimal(change["before"]),
        price_changed_on=None if change is None else date.fromisoformat(change["date"]),
        decision=series.decision,
        decided_at=series.decided_at,
        transactions_url=link(these(series.transaction_ids)),
    )
