"""What a month's money went for, against the usual."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.categories.built_in import is_pluggys, parent_of
from app.categories.service import Tree
from app.insights import queries
from app.insights.figures import Figure, Filter, days, figure
from app.insights.periods import Month, Whose, last_day, month_of, months, shifted
from app.insights.queries import SpendingSum
from app.money import to_money
from app.schemas import ApiModel, MoneyText
from app.transactions.counting import CountsAs
from app.transactions.filters import TransactionFilter

PRECEDING: Final = 6
FEWEST: Final = 3
"""Months of which there must be so many, before anything can be called usual."""

MOST_COUNTERPARTIES: Final = 50
_URL: Final = "/api/banking/transactions/?date_from=2026-03-01&date_to=2026-03-31&counts_as=spending&currency_code=BRL"


class MonthOfSpending(Whose):
    """A month, the present one by default."""

    month: Annotated[Month | None, Field(description="The present month by default.")] = None


class Usual(ApiModel):
    """What is usual: the `method` over so many `months` before, each up to the same day as the month itself.

    A month without any spending of the kind counts as zero. At least three whole months must be known.
    """

    amount: MoneyText
    method: Annotated[str, Field(description="`median`; an open enum.")]
    months: int


class Spending(Figure):
    """A sum of spending and what is usual. `difference` is below zero where more was spent than usual."""

    usual: Usual | None
    difference: MoneyText | None


class SpendingOfCategory(Spending):
    """Of a category and those below it; null is none. So the rows of a category count for those above it as well."""

    category_id: str | None
    parent_id: str | None
    name: str | None
    name_pt: str | None


class SpendingOfCounterparty(Spending):
    """With a counterparty."""

    counterparty_id: UUID
    name: str | None


class SpendingOfCurrency(ApiModel):
    """All spending of the month in one currency, the largest sums first."""

    currency_code: str
    total: Spending
    categories: list[SpendingOfCategory]
    counterparties: Annotated[
        list[SpendingOfCounterparty],
        Field(description=f"The {MOST_COUNTERPARTIES} largest sums."),
    ]


_SUM: Final[dict[str, Any]] = {
    "amount": "-1250.30",
    "count": 9,
    "transactions_url": _URL,
    "usual": {"amount": "-980.00", "method": "median", "months": 6},
    "difference": "-270.30",
}
_FOOD: Final[dict[str, Any]] = {
    **_SUM, "category_id": "11000000", "parent_id": None, "name": "Food and drinks", "name_pt": "Alimentos e bebidas",
}  # fmt: skip
_BAKERY: Final[dict[str, Any]] = {
    **_SUM, "counterparty_id": "01990a61-22c8-7d05-b1a4-6f0e7c9d3b12", "name": "Padaria Pão Nosso Ltda",
}  # fmt: skip


class SpendingRead(ApiModel):
    """Spending of a month by category and by counterparty, in each currency by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "month": "2026-03",
                    "is_complete": True,
                    "date_to": "2026-03-31",
                    "currencies": [
                        {
                            "currency_code": "BRL",
                            "total": _SUM,
                            "categories": [_FOOD],
                            "counterparties": [_BAKERY],
                        }
                    ],
                }
            ]
        }
    )

    month: Month
    is_complete: bool
    date_to: Annotated[date, Field(description="The last day that is counted: today, in the present month.")]
    currencies: list[SpendingOfCurrency]


async def spending(
    session: AsyncSession, owner_id: UUID, asked: MonthOfSpending, tree: Tree, *, today: date
) -> SpendingRead:
    """Return what was spent in a month, up to today in the present one; nothing of one that lies ahead."""
    month = asked.month or month_of(today)
    until = min(last_day(month), today)
    if until < month:
        return SpendingRead.model_construct(month=month, is_complete=False, date_to=last_day(month), currencies=[])
    rows = TransactionFilter(
        date_from=shifted(month, -PRECEDING), date_to=until, counts_as=CountsAs.SPENDING, **asked.filter
    )
    found = await queries.spending(
        session,
        owner_id,
        rows,
        month=month,
        until_day=31 if until == last_day(month) else until.day,
        largest=MOST_COUNTERPARTIES,
    )
    known_since = await queries.first_day(session, owner_id, TransactionFilter(**asked.filter))
    table = _Table(tree, month, until, _comparable(month, known_since), asked.filter)
    by_currency: dict[str, list[SpendingSum]] = defaultdict(list)
    for each in found:
        by_currency[each.currency_code].append(each)
    told = [table.of_currency(code, sums) for code, sums in sorted(by_currency.items())]
    return SpendingRead.model_construct(
        month=month,
        is_complete=last_day(month) < today,
        date_to=until,
        currencies=[each for each in told if each.total.count],
    )


def _comparable(month: date, known_since: date | None) -> list[date]:
    """Return the months before that are known from their first day on."""
    preceding = months(shifted(month, -PRECEDING), shifted(month, -1))
    return [each for each in preceding if known_since is not None and known_since <= each]


class _Sums:
    """Sums of one thing by month."""

    def __init__(self) -> None:
        self.by_month: dict[date, tuple[Decimal, int]] = {}

    def add(self, by_month: Iterable[tuple[date, Decimal, int]]) -> None:
        for month, amount, rows in by_month:
            held = self.by_month.get(month, (Decimal(0), 0))
            self.by_month[month] = (held[0] + amount, held[1] + rows)


class _Table:
    """Says what the sums of a month mean."""

    def __init__(self, tree: Tree, month: date, until: date, comparable: Sequence[date], whose: Filter) -> None:
        self._tree, self._month, self._comparable = tree, month, comparable
        self._rows = {**days(month, until), "counts_as": str(CountsAs.SPENDING), **whose}

    def of_currency(self, currency_code: str, sums: Sequence[SpendingSum]) -> SpendingOfCurrency:
        rows = {**self._rows, "currency_code": currency_code}
        total = _Sums()
        categories: dict[str | None, _Sums] = defaultdict(_Sums)
        counterparties: dict[UUID, _Sums] = defaultdict(_Sums)
        names: dict[UUID, str | None] = {}
        for each in sums:
            if each.is_of_category:
                for sums_of in (total, *(categories[id_] for id_ in self._lineage(each.category_id))):
                    sums_of.add(each.by_month)
            elif each.counterparty_id is not None:
                counterparties[each.counterparty_id].add(each.by_month)
                names[each.counterparty_id] = each.counterparty_name
        return SpendingOfCurrency.model_construct(
            currency_code=currency_code,
            total=Spending.model_construct(**self._sum(total, rows)),
            categories=[self._category(id_, categories[id_], rows) for id_ in self._largest(categories)],
            counterparties=[
                SpendingOfCounterparty.model_construct(
                    counterparty_id=id_,
                    name=names[id_],
                    **self._sum(counterparties[id_], {**rows, "counterparty_id": id_}),
                )
                for id_ in self._largest(counterparties)
            ],
        )

    def _lineage(self, category_id: str | None) -> list[str | None]:
        """Return the category and all above it."""
        found: list[str | None] = [category_id]
        while found[-1] is not None and (parent_id := self._parent(found[-1])) is not None:
            found.append(parent_id)
        return found

    def _parent(self, category_id: str) -> str | None:
        node = self._tree.get(category_id)
        if node is not None:
            return node.parent_id
        return parent_of(category_id) if is_pluggys(category_id) else None  # Pluggy's tree was not read since it came

    def _largest(self, sums: Mapping[Any, _Sums]) -> list[Any]:
        """Return what this month has any of, the most spent first."""
        present = {key: each.by_month[self._month] for key, each in sums.items() if self._month in each.by_month}
        return sorted(present, key=lambda key: (present[key][0], str(key)))

    def _category(self, category_id: str | None, sums: _Sums, rows: Filter) -> SpendingOfCategory:
        node = None if category_id is None else self._tree.get(category_id)
        return SpendingOfCategory.model_construct(
            category_id=category_id,
            parent_id=category_id and self._parent(category_id),
            name=node and node.name,
            name_pt=node and node.name_pt,
            **self._sum(sums, {**rows, "category": category_id or "none"}),
        )

    def _sum(self, sums: _Sums, rows: Filter) -> dict[str, Any]:
        amount, count = sums.by_month.get(self._month, (Decimal(0), 0))
        usual = usual_of([sums.by_month.get(month, (Decimal(0), 0))[0] for month in self._comparable])
        return {
            **figure(amount, count, rows).__dict__,
            "usual": usual,
            "difference": None if usual is None else amount - usual.amount,
        }


def usual_of(amounts: Sequence[Decimal]) -> Usual | None:
    """Return the median of the months before; None when there are too few."""
    if len(amounts) < FEWEST:
        return None
    return Usual.model_construct(amount=to_money(median(amounts)), method="median", months=len(amounts))
