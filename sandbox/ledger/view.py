"""What the API shows of an account: the bank's rows as the collections so far have copied them."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from heapq import merge
from typing import NamedTuple

from sandbox.ledger import calendar
from sandbox.ledger.bank import Bank
from sandbox.ledger.changes import AccountChanges
from sandbox.ledger.credit import CreditAccount
from sandbox.ledger.models import Transaction
from sandbox.ledger.overlay import AccountEdits
from sandbox.ledger.rows import Row
from sandbox.ledger.shown import Entry, Runs, show


class Window(NamedTuple):
    """Bounds on what to list: dates in `[low, high)`, ingestion from `created_from`, strictly older than `after`."""

    low: int | None = None
    high: int | None = None
    created_from: int | None = None
    after: tuple[int, str] | None = None


class AccountView:
    """One account's transactions at the last of `runs`."""

    def __init__(self, bank: Bank, index: int, runs: Runs, floor: int, edits: AccountEdits) -> None:
        self.bank, self.index, self.runs, self.floor, self.edits = bank, index, runs, floor, edits
        self.account = bank.accounts[index]
        self._card = self.account.card if isinstance(self.account, CreditAccount) else None

    def months(self) -> range:
        """Every month in which a row on show can be dated, oldest first."""
        return self._around(before=self.account.lag + 1, after=self.account.lead + 1)

    def _around(self, *, before: int, after: int) -> range:
        if not self.runs.instants:
            return range(0)
        oldest = calendar.month_of(calendar.utc_day(self.floor)) - before
        return range(oldest, calendar.month_of(calendar.utc_day(self.runs.instants[-1])) + after + 1)

    def entries(self, window: Window = Window()) -> Iterator[Entry]:  # noqa: B008 - immutable
        """Rows on show inside a window, newest `(date, id)` first."""
        edited = (entry for entry in self.edits.entries(self.runs, self.floor) if _inside(entry, window))
        return merge(self._generated(window), edited, key=lambda entry: entry[:2], reverse=True)

    def _generated(self, window: Window) -> Iterator[Entry]:
        touched = self.edits.touched
        for month in reversed(self.months()):
            if not self._may_hold(month, window):
                continue
            for generated in reversed(self.account.dated(month)):
                if generated.shape.id in touched or not _dated_inside(generated.at, generated.shape.id, window):
                    continue
                row = self._settled(generated)
                shape = show(row, self.runs, self.floor)
                if shape is not None and _ingested_inside(shape, window):
                    yield Entry(row.at, shape.id, shape, row, row.units)

    def _may_hold(self, month: int, window: Window) -> bool:
        start = calendar.utc_midnight(calendar.first_day(month))
        end = calendar.utc_midnight(calendar.first_day(month + 1))
        if window.low is not None and end <= window.low:
            return False
        if window.high is not None and start >= window.high:
            return False
        if window.after is not None and start > window.after[0]:
            return False
        created_from = window.created_from
        if created_from is None:
            return True
        earlier = bisect_left(self.runs.instants, created_from)
        return earlier == 0 or not self._quiet(month, self.runs.instants[earlier - 1])

    def _quiet(self, month: int, instant: int) -> bool:
        # an early closing changes rows that the bank thought settled
        return not self.edits.closings and self.bank.quiet_since(self.index, month, instant)

    def find(self, row_id: str, month: int) -> Entry | None:
        """The generated row at an address, if it is on show."""
        if row_id in self.edits.touched:
            return next((entry for entry in self.edits.entries(self.runs, self.floor) if entry.id == row_id), None)
        sources = self._around(before=CreditAccount.reach + 1, after=1)
        generated = self.bank.find(self.index, month, row_id) if month in sources else None
        if generated is None:
            return None
        row = self._settled(generated)
        shape = show(row, self.runs, self.floor)
        return Entry(row.at, row_id, shape, row, row.units) if shape else None

    def _settled(self, row: Row) -> Row:
        return self.edits.settle(self._card, row) if self.edits.closings else row

    def changes(self) -> AccountChanges:
        """What the last collection changed; months that cannot have changed are not even generated."""
        before = AccountView(self.bank, self.index, self.runs.earlier(), self.floor, self.edits)
        previous = before.runs.instants[-1] if before.runs.instants else None
        pairs: list[tuple[Transaction | None, Transaction | None]] = []
        for month in self.months():
            if previous is not None and self._quiet(month, previous):
                continue
            for generated in self.account.dated(month):
                if generated.shape.id not in self.edits.touched:
                    row = self._settled(generated)
                    was = show(row, before.runs, self.floor) if previous is not None else None
                    pairs.append((was, show(row, self.runs, self.floor)))
        was_edited = {entry.id: entry.shape for entry in self.edits.entries(before.runs, self.floor)}
        now_edited = {entry.id: entry.shape for entry in self.edits.entries(self.runs, self.floor)}
        pairs += [
            (was_edited.get(each), now_edited.get(each)) for each in sorted(was_edited.keys() | now_edited.keys())
        ]
        return compare(pairs)


def compare(pairs: Iterable[tuple[Transaction | None, Transaction | None]]) -> AccountChanges:
    """Sort `(before, after)` pairs into created, updated and deleted."""
    created, updated, deleted = [], [], []
    oldest: str | None = None
    for was, now in pairs:
        if was is None and now is not None:
            created.append(now.id)
            oldest = now.date if oldest is None else min(oldest, now.date)
        elif was is not None and now is None:
            deleted.append(was.id)
        elif was is not None and now is not None and was != now:
            updated.append(now.id)
    return AccountChanges(created, updated, deleted, oldest)


def _dated_inside(at: int, row_id: str, window: Window) -> bool:
    if window.after is not None and (at, row_id) >= window.after:
        return False
    return (window.low is None or at >= window.low) and (window.high is None or at < window.high)


def _ingested_inside(shape: Transaction, window: Window) -> bool:
    return window.created_from is None or shape.created_at >= calendar.wire(window.created_from)


def _inside(entry: Entry, window: Window) -> bool:
    return _dated_inside(entry.at, entry.id, window) and _ingested_inside(entry.shape, window)
