"""What purchases in instalments still commit."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.insights import queries
from app.insights.figures import link, these
from app.insights.periods import Month, Whose, month_of
from app.insights.queries import PlanPart
from app.installments.models import InstallmentPlan
from app.schemas import ApiModel, MoneyText


class PlanRead(ApiModel):
    """A purchase that is not paid off. Amounts are negative: money out."""

    plan_id: UUID
    account_id: UUID
    description: str
    purchased_on: date
    total_installments: int
    remaining_installments: Annotated[int, Field(description="Dated after today.")]
    total_amount: Annotated[
        MoneyText,
        Field(
            description="What all parts come to. Where the bank tells no total, one that it does not list yet counts as"
            " much as the last one that it lists."
        ),
    ]
    remaining_amount: MoneyText
    last_date: date
    transactions_url: Annotated[str, Field(description="Lists the parts that the bank lists, coming ones included.")]


class CommittedMonth(ApiModel):
    """What all plans together will take in a month."""

    month: Month
    amount: MoneyText
    count: int


class CommittedOfCurrency(ApiModel):
    """Plans in one currency, the largest rest first."""

    currency_code: str
    remaining_amount: MoneyText
    months: list[CommittedMonth]
    plans: list[PlanRead]


_PLAN: Final[dict[str, Any]] = {
    "plan_id": "01990a61-22c8-7d05-b1a4-6f0e7c9d3b12",
    "account_id": "01990a5e-6f4b-7c11-9d3e-0c6f5b1a2d77",
    "description": "LOJA MOVEIS BRASIL",
    "purchased_on": "2026-01-12",
    "total_installments": 4,
    "remaining_installments": 1,
    "total_amount": "-400.00",
    "remaining_amount": "-100.00",
    "last_date": "2026-04-12",
    "transactions_url": "/api/banking/transactions/?ids=01990a61-22c8-7d05-b1a4-6f0e7c9d3b12",
}


class InstallmentsRead(ApiModel):
    """What purchases in instalments still commit after today, in each currency by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-03-31",
                    "currencies": [
                        {
                            "currency_code": "BRL",
                            "remaining_amount": "-100.00",
                            "months": [{"month": "2026-04", "amount": "-100.00", "count": 1}],
                            "plans": [_PLAN],
                        }
                    ],
                }
            ]
        }
    )

    as_of: date
    currencies: list[CommittedOfCurrency]


async def installments(session: AsyncSession, owner_id: UUID, asked: Whose, *, today: date) -> InstallmentsRead:
    """Return the plans with parts after today, and what they take in each month to come."""
    found = await queries.open_plans(
        session, owner_id, after=today, account_id=asked.account_id, connection_id=asked.connection_id
    )
    by_currency: dict[str, list[tuple[InstallmentPlan, list[PlanPart]]]] = defaultdict(list)
    for plan, parts in found:
        by_currency[plan.currency_code].append((plan, parts))
    return InstallmentsRead.model_construct(
        as_of=today, currencies=[_of_currency(code, plans, today) for code, plans in sorted(by_currency.items())]
    )


def _of_currency(
    currency_code: str, plans: Sequence[tuple[InstallmentPlan, list[PlanPart]]], today: date
) -> CommittedOfCurrency:
    by_month: dict[date, list[Decimal]] = defaultdict(list)
    for _, parts in plans:
        for part in parts:
            if part.date > today:
                by_month[month_of(part.date)].append(part.amount)
    return CommittedOfCurrency.model_construct(
        currency_code=currency_code,
        remaining_amount=-_total(amount for amounts in by_month.values() for amount in amounts),
        months=[
            CommittedMonth.model_construct(month=month, amount=-_total(amounts), count=len(amounts))
            for month, amounts in sorted(by_month.items())
        ],
        plans=sorted((_plan(*each, today) for each in plans), key=lambda each: (each.remaining_amount, each.plan_id)),
    )


def _plan(plan: InstallmentPlan, parts: Sequence[PlanPart], today: date) -> PlanRead:
    remaining = [part.amount for part in parts if part.date > today]
    return PlanRead.model_construct(
        plan_id=plan.id,
        account_id=plan.account_id,
        description=plan.description,
        purchased_on=plan.purchased_on,
        total_installments=plan.total_installments,
        remaining_installments=len(remaining),
        total_amount=-plan.total_amount,
        remaining_amount=-_total(remaining),
        last_date=plan.last_date,
        transactions_url=link(these(part.transaction_id for part in parts if part.transaction_id)),
    )


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
