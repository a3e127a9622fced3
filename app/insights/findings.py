"""What is worth telling an owner today."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.categories import service as categories
from app.clock import local_day
from app.insights import queries, repository
from app.insights.figures import Filter, days
from app.insights.forecast import forecast
from app.insights.periods import month_of, shifted
from app.insights.spending import MonthOfSpending, SpendingOfCurrency, spending
from app.money import money_text
from app.recurring.models import RecurringSeries
from app.transactions.counting import CountsAs
from app.transactions.filters import MOST_IDS

RECENT: Final = timedelta(days=90)
"""What happened longer ago is no news, though the ledger shows it."""

STALE_AFTER: Final = timedelta(days=3)
UNUSUAL_RATIO: Final = Decimal("1.5")
UNUSUAL_AT_LEAST: Final = Decimal(100)
"""More than usual by less than this is not worth a word."""


class InsightKind(StrEnum):
    """What can be told."""

    PRICE_RISE = "price_rise"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    BANK_CHARGES = "bank_charges"
    UNUSUAL_SPENDING = "unusual_spending"
    LOW_BALANCE = "low_balance"
    STALE_CONNECTION = "stale_connection"


class Finding(NamedTuple):
    """One thing that is so. `key` is what it is about; `rows` the filter that lists what is behind it."""

    kind: InsightKind
    key: str
    data: dict[str, Any]
    rows: Filter | None = None


async def find_all(session: AsyncSession, owner_id: UUID, *, now: datetime) -> list[Finding]:
    """Return all that is worth telling."""
    today = local_day(now)
    return [
        *_price_rises(await queries.live_series(session, owner_id, today=today), today),
        *await _duplicates(session, owner_id, today),
        *await _charges(session, owner_id, today),
        *await _unusual(session, owner_id, today),
        *await _low_balances(session, owner_id, today),
        *await _stale(session, owner_id, now),
    ]


def _price_rises(series: Sequence[RecurringSeries], today: date) -> Iterator[Finding]:
    for each in series:
        for change in each.price_changes if each.last_amount < 0 else ():
            is_recent = date.fromisoformat(change["date"]) >= today - RECENT
            if is_recent and Decimal(change["after"]) > Decimal(change["before"]):
                data = {
                    "series_id": str(each.id),
                    "name": each.name,
                    "date": change["date"],
                    "before": change["before"],
                    "after": change["after"],
                    "currency_code": each.currency_code,
                }
                row_id = str(change["transaction_id"])
                yield Finding(InsightKind.PRICE_RISE, row_id, data, {"ids": [row_id]})


async def _duplicates(session: AsyncSession, owner_id: UUID, today: date) -> Iterator[Finding]:
    found = await repository.duplicates(session, owner_id, since=today - RECENT)
    return (
        Finding(
            InsightKind.POSSIBLE_DUPLICATE,
            str(each.link_id),
            {
                "link_id": str(each.link_id),
                "date": each.day.isoformat(),
                "amount": money_text(each.amount),
                "currency_code": each.currency_code,
            },
            {"ids": [str(each.transaction_id), str(each.other_id)]},
        )
        for each in found
    )


async def _charges(session: AsyncSession, owner_id: UUID, today: date) -> Iterator[Finding]:
    since = shifted(month_of(today), -2)
    found = await repository.charges(session, owner_id, since=since, until=today)
    return (
        Finding(
            InsightKind.BANK_CHARGES,
            f"{each.month:%Y-%m}:{each.currency_code}",
            {
                "month": f"{each.month:%Y-%m}",
                "amount": money_text(each.amount),
                "count": len(each.ids),
                "currency_code": each.currency_code,
            },
            {"ids": [str(row_id) for row_id in each.ids]} if len(each.ids) <= MOST_IDS else None,
        )
        for each in found
    )


async def _unusual(session: AsyncSession, owner_id: UUID, today: date) -> list[Finding]:
    tree = await categories.get_tree(session, owner_id)
    told = await spending(session, owner_id, MonthOfSpending(), tree, today=today)
    rows = {**days(told.month, told.date_to), "counts_as": str(CountsAs.SPENDING)}
    return [each for currency in told.currencies for each in _unusual_of(currency, told.month, rows)]


def _unusual_of(currency: SpendingOfCurrency, month: date, rows: Filter) -> Iterator[Finding]:
    for each in currency.categories:
        if each.category_id is None or each.parent_id is not None or each.usual is None:
            continue
        more = each.usual.amount - each.amount
        if more >= UNUSUAL_AT_LEAST and each.amount <= each.usual.amount * UNUSUAL_RATIO:
            yield Finding(
                InsightKind.UNUSUAL_SPENDING,
                f"{month:%Y-%m}:{currency.currency_code}:{each.category_id}",
                {
                    "month": f"{month:%Y-%m}",
                    "category_id": each.category_id,
                    "amount": money_text(each.amount),
                    "usual": money_text(each.usual.amount),
                    "currency_code": currency.currency_code,
                },
                {**rows, "currency_code": currency.currency_code, "category": each.category_id},
            )


async def _low_balances(session: AsyncSession, owner_id: UUID, today: date) -> list[Finding]:
    told = await forecast(session, owner_id, today=today)
    return [
        Finding(
            InsightKind.LOW_BALANCE,
            f"{each.currency_code}:{each.next_income_on or month_of(each.lowest_on)}",
            {
                "lowest_balance": money_text(each.lowest_balance),
                "lowest_on": each.lowest_on.isoformat(),
                "next_income_on": each.next_income_on and each.next_income_on.isoformat(),
                "currency_code": each.currency_code,
            },
        )
        for each in told.currencies
        if each.is_at_risk
    ]


async def _stale(session: AsyncSession, owner_id: UUID, now: datetime) -> list[Finding]:
    return [
        Finding(
            InsightKind.STALE_CONNECTION,
            f"{each.id}:{local_day(each.since)}",
            {"connection_id": str(each.id), "since": local_day(each.since).isoformat()},
        )
        for each in await repository.stale_connections(session, owner_id, now=now, after=STALE_AFTER)
    ]
