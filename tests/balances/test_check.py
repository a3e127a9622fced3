"""When balances and movements disagree, and when they only seem to, without a database."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from app.balances.check import STANDS_FOR, Mismatch, Snapshot, mismatch, unexplained

FIRST = date(2026, 3, 2)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


class Bank:
    """An account with one row of 10 a day; `listed` shifts when a row shows, None hides it for good."""

    def __init__(self, *, hidden: int | None = None, late: Mapping[int, int] | None = None, days: int = 9) -> None:
        self._hidden = hidden
        self._late = late or {}
        self.snapshots: list[Snapshot] = []
        for number in range(days):
            self._visit(number)

    def _listed(self, seen: int) -> dict[date, Decimal]:
        return {
            day(booked): Decimal(10)
            for booked in range(seen + 1)
            if booked != self._hidden and booked + self._late.get(booked, 0) <= seen
        }

    def _visit(self, number: int) -> None:
        by_day = self._listed(number)
        now = Snapshot(day(number), Decimal(1000 + 10 * number), by_day.get(day(number), Decimal(0)))
        self.snapshots.append(now._replace(unexplained=unexplained(now, self.snapshots, by_day)))

    def findings(self) -> set[Mismatch]:
        told = (mismatch(self.snapshots[: end + 1]) for end in range(len(self.snapshots)))
        return {each for each in told if each is not None}


def test_movements_that_explain_the_balance_are_no_mismatch() -> None:
    bank = Bank()

    assert {snapshot.unexplained for snapshot in bank.snapshots[2:]} == {Decimal(0)}
    assert bank.findings() == set()


def test_a_row_that_never_comes_is_told_once_with_its_day() -> None:
    assert Bank(hidden=4).findings() == {Mismatch(day(4), Decimal(10))}


def test_it_is_told_only_when_it_has_stood_for_days() -> None:
    assert Bank(hidden=4, days=4 + STANDS_FOR - 1).findings() == set()


def test_rows_that_banks_list_late_are_no_mismatch() -> None:
    for number in range(9):
        assert Bank(late={number: 2}).findings() == set(), number


def test_rows_after_the_visit_count_for_the_next_day() -> None:
    early = [Snapshot(day(0), Decimal(100), Decimal(5)), Snapshot(day(1), Decimal(100), Decimal(0))]
    by_day = {day(0): Decimal(5), day(1): Decimal(-30)}  # the second row came after the visit of its day

    now = Snapshot(day(2), Decimal(70), Decimal(0))

    assert unexplained(now, early, by_day) == 0


def test_one_earlier_day_is_not_enough_to_tell() -> None:
    now = Snapshot(day(1), Decimal(1), Decimal(0))

    assert unexplained(now, [Snapshot(day(0), Decimal(0), Decimal(0))], {}) is None
    assert unexplained(now, [Snapshot(day(0), Decimal(0), None)] * 2, {}) is None
