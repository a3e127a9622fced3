"""Sums, each with the way to the rows behind it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from pydantic import Field

from app.http import API_ROOT
from app.schemas import ApiModel, MoneyText
from app.transactions.filters import MOST_IDS

Filter = dict[str, Any]
"""Parameters of `transactions/`."""

_NO_ROW: Final = UUID(int=0)
"""An empty list of ids would be no filter, and list everything."""


class Figure(ApiModel):
    """A sum in one currency; negative is money out."""

    amount: MoneyText
    count: Annotated[int, Field(description="Of how many rows it is the sum.")]
    transactions_url: Annotated[str, Field(description="Lists these rows; the sum of their amounts is this sum.")]


def figure(amount: Decimal, count: int, rows: Filter) -> Figure:
    """Return the sum of the rows that the filter lists."""
    return Figure.model_construct(amount=amount, count=count, transactions_url=link(rows))


def these(ids: Iterable[UUID]) -> Filter:
    """Return the filter of these rows, the last `MOST_IDS` of them; of none it lists nothing."""
    return {"ids": list(ids)[-MOST_IDS:] or [_NO_ROW]}


def link(rows: Filter) -> str:
    """Return the path that lists the rows of a filter."""
    return f"{API_ROOT}transactions/?{urlencode(rows, doseq=True)}"


def days(first: date, last: date) -> Filter:
    """Return the filter of these days."""
    return {"date_from": first.isoformat(), "date_to": last.isoformat()}
