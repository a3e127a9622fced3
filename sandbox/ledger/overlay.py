"""Edits of the bank's reality, kept apart from what is generated.

An edit reaches the API at the first collection after it was made, or at once when it was applied so. A row that was
edited is taken out of the generated stream and shown from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from sandbox.ledger import calendar
from sandbox.ledger.models import Transaction
from sandbox.ledger.rows import Row
from sandbox.ledger.shown import Entry, Runs, show


@dataclass(frozen=True)
class Edit:
    """`op` is add, change, remove or restore; `shown` is when the API shows it, None for the next collection."""

    seq: int
    op: str
    at: int
    shown: int | None
    fields: dict[str, Any]


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
        found = [entry for edited in self.touched.values() if (entry := edited_entry(edited, runs, floor)) is not None]
        return iter(sorted(found, key=lambda entry: entry[:2], reverse=True))


def edited_entry(edited: EditedRow, runs: Runs, floor: int) -> Entry | None:
    """An edited row as the collections and its edits so far show it."""
    if not runs.instants:
        return None
    shape: Transaction | None = None if edited.added else show(edited.row, runs, floor)
    for edit in edited.edits:
        effective = edit.shown if edit.shown is not None else runs.first(edit.at)
        if effective is not None:
            shape = _apply(edited.row, shape, edit, calendar.wire(effective))
    if shape is None:
        return None
    return Entry(calendar.parse(shape.date), shape.id, shape, edited.row)


def _apply(row: Row, shape: Transaction | None, edit: Edit, effective: str) -> Transaction | None:
    if edit.op == "remove":
        return None
    if edit.op in ("add", "restore"):
        return replace(row.shape, **edit.fields, created_at=effective, updated_at=effective)
    if shape is None:
        return None
    return replace(shape, **edit.fields, updated_at=max(shape.updated_at, effective))
