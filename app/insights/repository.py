"""SQL of sums of the ledger, each by one statement."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Date, DateTime, cast, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.reading import read
from app.transactions.counting import COUNTS_AS
from app.transactions.filters import TransactionFilter
from app.transactions.models import Transaction
from app.transactions.queries import matching

_month = cast(func.date_trunc("month", cast(Transaction.date, DateTime)), Date).label("month")
_counts_as = COUNTS_AS.label("counts_as")


class MonthSum(NamedTuple):
    """What of a month counts as one thing, in one currency and direction."""

    currency_code: str
    month: date
    counts_as: str
    direction: str
    rows: int
    amount: Decimal


async def sums_by_month(engine: AsyncEngine, owner_id: UUID, rows: TransactionFilter) -> Sequence[MonthSum]:
    """Return the sums of the rows under a filter, by month and what they count as."""
    conditions, values = matching(owner_id, rows)
    group = (Transaction.currency_code, _month, _counts_as, Transaction.direction)
    statement = select(*group, func.count(), func.sum(Transaction.amount)).where(*conditions).group_by(*group)
    return [MonthSum(*row) for row in await read(engine, owner_id, statement, values)]
