"""How the API shows one row, given the collections so far."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from sandbox.ledger import calendar
from sandbox.ledger.models import Transaction
from sandbox.ledger.rows import Row


class Runs:
    """The instants of the collections that copied something, oldest first."""

    __slots__ = ("instants", "labels")

    def __init__(self, instants: Sequence[int]) -> None:
        self.instants = list(instants)
        self.labels = [calendar.wire(instant) for instant in self.instants]

    def first(self, instant: int) -> int | None:
        """The place of the first collection at or after an instant."""
        place = bisect_left(self.instants, instant)
        return place if place < len(self.instants) else None

    def earlier(self) -> "Runs":
        """All but the last."""
        return Runs(self.instants[:-1])


class Entry(NamedTuple):
    """A row on show; `at` and `id` order it, `units` is its amount in the account's currency."""

    at: int
    id: str
    shape: Transaction
    row: Row
    units: int


def show(row: Row, runs: Runs, floor: int) -> Transaction | None:
    """The row as the collections have copied it, or None while none has, or after the bank dropped it."""
    if row.counts_from < floor:
        return None
    created = runs.first(row.visible)
    if created is None or (row.gone is not None and runs.instants[-1] >= row.gone):
        return None
    shape, updated = row.shape, created
    posted = runs.first(row.posted)
    if posted is None:
        shape = replace(shape, status="PENDING", balance=None)
    elif posted > updated:
        updated = posted
    if row.closing is not None and shape.credit_card_metadata is not None and shape.credit_card_metadata.bill_id:
        billed = runs.first(row.closing)
        if billed is None:
            shape = replace(shape, credit_card_metadata=replace(shape.credit_card_metadata, bill_id=None))
        elif billed > updated:
            updated = billed
    return replace(shape, created_at=runs.labels[created], updated_at=runs.labels[updated])
