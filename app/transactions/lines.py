"""Rows of the transactions list on their way out: structs that msgspec writes at a quarter of pydantic's cost.

Their fields are those of `schemas.TransactionRead`, which is what OpenAPI shows.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from app.categories.built_in import names_of
from app.money import money_text


class CategoryLine(msgspec.Struct, frozen=True, gc=False):
    """As `schemas.CategoryRead`."""

    id: str
    name: str
    name_pt: str


class InstallmentLine(msgspec.Struct, frozen=True, gc=False):
    """As `schemas.InstallmentRead`."""

    number: int
    total: int | None


class TransactionLine(msgspec.Struct, frozen=True, gc=False):
    """As `schemas.TransactionRead`."""

    id: UUID
    pluggy_id: UUID
    account_id: UUID
    date: date
    occurred_at: datetime | None
    amount: str
    currency_code: str
    original_amount: str | None
    original_currency_code: str | None
    direction: str
    status: str
    description: str
    category: CategoryLine | None
    category_source: str | None
    counterparty_name: str | None
    installment: InstallmentLine | None
    note: str | None
    tags: list[str]
    ignored: bool
    internal_kind: str | None
    counterparty_id: UUID | None


class TransactionPage(msgspec.Struct, frozen=True, gc=False):
    """As `Results` of them."""

    results: Sequence[TransactionLine]
    next_cursor: str | None


class RemovedLine(msgspec.Struct, frozen=True, gc=False):
    """As `schemas.RemovedRead`."""

    id: UUID
    account_id: UUID


class ChangesPage(msgspec.Struct, frozen=True):
    """As `schemas.ChangesRead`."""

    added: Sequence[TransactionLine]
    modified: Sequence[TransactionLine]
    removed: Sequence[RemovedLine]
    next_cursor: str | None
    has_more: bool


encode_page = msgspec.json.Encoder().encode


def line_of(row: Sequence[Any]) -> TransactionLine:
    """Return the line of a row with the columns `queries.LISTED`, in their order."""
    (
        id_, pluggy_id, account_id, day, occurred_at, amount, currency_code, original_amount, original_currency_code,
        direction, status, description, category_id, category_source, given_category, counterparty_name, number, total,
        note, tags, ignored, internal_kind, counterparty_id, category_name, category_name_pt, own_category_name,
    ) = row  # fmt: skip
    names = None
    if category_id is not None:
        tree = (category_name, category_name_pt)
        names = names_of(category_id, tree, own=own_category_name, given=given_category)
    return TransactionLine(
        id_,
        pluggy_id,
        account_id,
        day,
        occurred_at,
        money_text(amount),
        currency_code,
        None if original_amount is None else money_text(original_amount),
        original_currency_code,
        direction,
        status,
        description,
        None if names is None else CategoryLine(category_id, *names),
        category_source,
        counterparty_name,
        None if number is None else InstallmentLine(number, total),
        note,
        tags,
        ignored,
        internal_kind,
        counterparty_id,
    )
