"""Edits of the bank's reality, kept apart from what is generated.

An edit reaches the API at the first collection after it was made, or at once when it was applied so. A row that was
edited is taken out of the generated stream and shown from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from sandbox.ledger import calendar
from sandbox.ledger.card import Card, CardStyle
from sandbox.ledger.models import CreditCardMetadata, Merchant, PaymentData, Transaction
from sandbox.ledger.money import units_of
from sandbox.ledger.rows import Row
from sandbox.ledger.shown import Entry, Runs, show


class RowEdit(Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """The fields of a transaction that an edit sets."""

    date: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    description_raw: str | UnsetType | None = UNSET
    amount: Decimal | UnsetType = UNSET
    amount_in_account_currency: Decimal | UnsetType | None = UNSET
    currency_code: str | UnsetType = UNSET
    type: str | UnsetType | None = UNSET
    balance: Decimal | UnsetType | None = UNSET
    status: str | UnsetType | None = UNSET
    category: str | UnsetType | None = UNSET
    category_id: str | UnsetType | None = UNSET
    provider_code: str | UnsetType | None = UNSET
    provider_id: str | UnsetType | None = UNSET
    operation_type: str | UnsetType | None = UNSET
    operation_type_additional_info: str | UnsetType | None = UNSET
    order: int | UnsetType | None = UNSET
    payment_data: PaymentData | UnsetType | None = UNSET
    credit_card_metadata: CreditCardMetadata | UnsetType | None = UNSET
    merchant: Merchant | UnsetType | None = UNSET

    def changes(self) -> dict[str, Any]:
        """What is set, by field name."""
        return {name: value for name, value in asdict(self).items() if value is not UNSET}


@dataclass(frozen=True)
class Edit:
    """`op` is add, change, remove, restore or close; `shown` is when the API shows it, None for the next collection."""

    seq: int
    op: str
    at: int
    shown: int | None
    fields: RowEdit
    origin: str | None = None


@dataclass
class EditedRow:
    """A row with its edits in order; the row is the generated one, or the added one as it was first written."""

    row: Row
    added: bool
    edits: list[Edit] = field(default_factory=list)


class AccountEdits:
    """All edits of one account."""

    def __init__(self) -> None:
        self.touched: dict[str, EditedRow] = {}
        self.closings: dict[int, Edit] = {}

    def entries(self, runs: Runs, floor: int) -> Iterator[Entry]:
        """Edited rows on show, newest `(date, id)` first."""
        found = [entry for each in self.touched.values() if (entry := edited_entry(each, runs, floor)) is not None]
        return iter(sorted(found, key=lambda entry: entry[:2], reverse=True))

    def closing(self, card: Card, bill: int) -> int:
        """When a bill closes: as planned, or earlier by an edit."""
        edit = self.closings.get(bill)
        return card.closing(bill) if edit is None else edit.at

    def settle(self, card: Card | None, row: Row) -> Row:
        """The row with its bill as the edits have it: what comes after an early closing stands on the next bill."""
        if card is None or row.bill is None or row.bill not in self.closings:
            return row
        bill = row.bill if row.counts_from <= self.closings[row.bill].at else row.bill + 1
        closing = self.closing(card, bill)
        metadata = row.shape.credit_card_metadata
        if metadata is not None and metadata.bill_id is not None:
            metadata = replace(metadata, bill_id=card.bill_id(bill))
        return replace(
            row,
            shape=replace(row.shape, credit_card_metadata=metadata),
            bill=bill,
            closing=None if row.closing is None else closing,
            posted=max(row.visible, closing) if card.style is CardStyle.UPFRONT else row.posted,
        )


def edited_entry(edited: EditedRow, runs: Runs, floor: int) -> Entry | None:
    """An edited row as the collections and its edits so far show it."""
    if not runs.instants:
        return None
    shape: Transaction | None = None if edited.added else show(edited.row, runs, floor)
    for edit in edited.edits:
        seen = runs.first(edit.at)
        if edit.shown is not None:
            shape = _apply(edited.row, shape, edit, calendar.wire(edit.shown))
        elif seen is not None:
            shape = _apply(edited.row, shape, edit, runs.labels[seen])
    if shape is None:
        return None
    return Entry(calendar.parse(shape.date), shape.id, shape, edited.row, units_of(shape))


def _apply(row: Row, shape: Transaction | None, edit: Edit, effective: str) -> Transaction | None:
    if edit.op == "remove":
        return None
    if edit.op in ("add", "restore"):
        return replace(row.shape, created_at=effective, updated_at=effective)
    if shape is None:
        return None
    return replace(shape, **edit.fields.changes(), updated_at=max(shape.updated_at, effective))
