"""Which added row is which removed one, restated by the bank. Pure (R32)."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

DAYS_APART = 3


class Trait(NamedTuple):
    """What a row is recognised by."""

    id: UUID
    provider_id: str | None
    date: date
    amount: Decimal
    direction: str
    installment_number: int | None
    text: str
    added_read: int = 0
    """By which read it came; 0 for one that is just coming."""


class Matches(NamedTuple):
    """Pairs (removed, added), and removed rows that more than one added row could be."""

    pairs: list[tuple[Trait, Trait]]
    ambiguous: list[Trait]


def match(removed: Sequence[Trait], added: Sequence[Trait]) -> Matches:
    """Pair removed rows with added ones where it is beyond doubt.

    First the bank's own id, unique on both sides. Then amount, direction, instalment and text within three days,
    again only where one removed row and one added row have each other and nobody else. Two purchases of a day at one
    shop are two candidates for each other: they are left apart rather than mixed up. So is a row from one that was
    there beside it.
    """
    by_provider = _unique_pairs(removed, added, lambda row: row.provider_id)
    taken = {row.id for pair in by_provider for row in pair}
    left = [row for row in removed if row.id not in taken]
    fresh = [row for row in added if row.id not in taken]
    pairs, ambiguous = _near_pairs(left, fresh, may_be=lambda old, new: new.added_read > old.added_read)
    return Matches(by_provider + pairs, ambiguous)


def continue_rows(former: Sequence[Trait], arriving: Sequence[Trait]) -> list[tuple[Trait, Trait]]:
    """Pair rows of a former item with the same rows arriving under a new one (R33).

    Rows alike in day, amount, direction, instalment and text are the same ones in their order: equal rows can't be
    told apart, and leaving them apart would double the ledger. What is left is matched like a restatement.
    """
    pairs = _unique_pairs(former, arriving, lambda row: row.provider_id)
    taken = {row.id for pair in pairs for row in pair}
    waiting = _grouped([row for row in former if row.id not in taken], _exact_likeness)
    for row in arriving:
        alike = waiting.get(_exact_likeness(row), [])
        if row.id not in taken and alike:
            pairs.append((alike.pop(0), row))
    taken = {row.id for pair in pairs for row in pair}
    near, _ = _near_pairs(
        [row for row in former if row.id not in taken],
        [row for row in arriving if row.id not in taken],
        may_be=lambda _, __: True,
    )
    return pairs + near


def _exact_likeness(row: Trait) -> Hashable:
    return row.date, _likeness(row)


def _unique_pairs(
    removed: Sequence[Trait], added: Sequence[Trait], key: Callable[[Trait], Hashable | None]
) -> list[tuple[Trait, Trait]]:
    old, new = _grouped(removed, key), _grouped(added, key)
    return [
        (rows[0], new[value][0])
        for value, rows in old.items()
        if value is not None and len(rows) == 1 and len(new.get(value, ())) == 1
    ]


def _near_pairs(
    removed: Sequence[Trait], added: Sequence[Trait], *, may_be: Callable[[Trait, Trait], bool]
) -> tuple[list[tuple[Trait, Trait]], list[Trait]]:
    candidates = _grouped(added, _likeness)
    near: dict[UUID, list[Trait]] = {}
    wanted_by: defaultdict[UUID, int] = defaultdict(int)
    for row in removed:
        near[row.id] = [
            other
            for other in candidates.get(_likeness(row), ())
            if abs((other.date - row.date).days) <= DAYS_APART and may_be(row, other)
        ]
        for other in near[row.id]:
            wanted_by[other.id] += 1
    pairs, ambiguous = [], []
    for row in removed:
        found = near[row.id]
        if len(found) == 1 and wanted_by[found[0].id] == 1:
            pairs.append((row, found[0]))
        elif found:
            ambiguous.append(row)
    return pairs, ambiguous


def _likeness(row: Trait) -> Hashable:
    return row.amount, row.direction, row.installment_number, " ".join(row.text.casefold().split())


def _grouped(rows: Sequence[Trait], key: Callable[[Trait], Hashable]) -> dict[Hashable, list[Trait]]:
    groups: defaultdict[Hashable, list[Trait]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
