"""Whether balances and movements agree. Pure.

A balance must move by the rows between two visits. Three things blur that, and none of them is an error: rows of a
visit's own day that came after it, rows that banks list a day or two after they booked them, and rows dated ahead.
Hence each day's rows are counted as they were known at the visit, a difference must be the same from two earlier
days, and it is told only when it has stood for three days.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

LOOK_BACK = timedelta(days=10)
STANDS_FOR = 3
_BASES = 2


class Snapshot(NamedTuple):
    """A balance, and the sum of that day's settled rows known with it (null: not comparable)."""

    day: date
    balance: Decimal
    movements: Decimal | None
    unexplained: Decimal | None = None


class Mismatch(NamedTuple):
    """A difference that stays, and the first day that showed it."""

    since: date
    difference: Decimal


def unexplained(now: Snapshot, earlier: Sequence[Snapshot], by_day: Mapping[date, Decimal]) -> Decimal | None:
    """Return what no row explains of `now`, None when it can't be told.

    `earlier` is oldest first and of other days; `by_day` holds the sums of settled rows by day, as known now.
    """
    bases = [base for base in earlier if base.movements is not None and base.day >= now.day - LOOK_BACK][:_BASES]
    found = {_from(base, now, by_day) for base in bases}
    return found.pop() if len(bases) == _BASES and len(found) == 1 else None


def _from(base: Snapshot, now: Snapshot, by_day: Mapping[date, Decimal]) -> Decimal:
    moved = sum((amount for day, amount in by_day.items() if base.day <= day <= now.day), Decimal(0))
    return now.balance - base.balance - (moved - (base.movements or 0))


def mismatch(snapshots: Sequence[Snapshot]) -> Mismatch | None:
    """Return the difference that the newest snapshots agree on, None when there is none or it is too young."""
    if not snapshots or not snapshots[-1].unexplained:
        return None
    difference = snapshots[-1].unexplained
    since, days = snapshots[-1].day, 0
    for snapshot in reversed(snapshots):
        if snapshot.unexplained != difference:
            break
        since, days = snapshot.day, days + 1
    return Mismatch(since, difference) if days >= STANDS_FOR else None
