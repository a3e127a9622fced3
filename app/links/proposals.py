"""What speaks for two transactions belonging together, and which of the proposals hold. Pure."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from app.links.models import LinkKind, LinkState
from app.transactions.movements import Movement

Rank = tuple[int, ...]
"""Smaller is stronger; compared among the proposals of one kind."""


class Proposal(NamedTuple):
    """A pair, and why."""

    kind: LinkKind
    first: Movement
    other: Movement
    state: LinkState
    rank: Rank
    evidence: dict[str, Any]

    @property
    def key(self) -> tuple[str, UUID, UUID]:
        """What makes it the same proposal."""
        return self.kind, self.first.id, self.other.id

    @property
    def amount(self) -> Decimal:
        """What the second transaction moved, positive."""
        return abs(self.other.amount)

    def doubted(self) -> "Proposal":
        """Return it as a guess among several."""
        return self._replace(state=LinkState.SUGGESTED, evidence={**self.evidence, "ambiguous": True})


def near_pairs(
    firsts: Iterable[Movement],
    others: Iterable[Movement],
    *,
    key: Callable[[Movement], Hashable],
    earliest: int,
    latest: int,
) -> Iterator[tuple[Movement, Movement]]:
    """Yield the pairs alike in `key` whose second day is `earliest` to `latest` days after the first."""
    by_place: defaultdict[Hashable, list[Movement]] = defaultdict(list)
    for other in others:
        by_place[key(other), other.date].append(other)
    for first in firsts:
        place = key(first)
        for days in range(earliest, latest + 1):
            for other in by_place.get((place, first.date + timedelta(days=days)), ()):
                yield first, other


def money(row: Movement) -> Hashable:
    """Return what both sides of a movement have in common."""
    return row.currency_code, abs(row.amount)


def days_apart(first: Movement, other: Movement) -> int:
    """Return how many days later the second is."""
    return (other.date - first.date).days


def seconds_apart(first: Movement, other: Movement) -> int:
    """Return the distance in seconds, a day where the moments are not told."""
    if first.moment is None or other.moment is None:
        return 86_400
    return abs(int((other.moment - first.moment).total_seconds()))


def choose(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Return the proposals that hold, each transaction in one at most, the strongest first.

    Of two that are equally strong and exclude each other neither is beyond doubt: the one kept is a suggestion.
    """
    ordered = sorted(proposals, key=lambda each: (each.state != LinkState.FOUND, each.rank, each.key))
    by_leg: defaultdict[UUID, list[Proposal]] = defaultdict(list)
    for each in ordered:
        by_leg[each.first.id].append(each)
        by_leg[each.other.id].append(each)
    taken: set[UUID] = set()
    chosen = []
    for each in ordered:
        if each.first.id in taken or each.other.id in taken:
            continue
        rivals = (rival for leg in (each.first.id, each.other.id) for rival in by_leg[leg] if rival is not each)
        is_doubtful = any(
            (rival.state, rival.rank) == (each.state, each.rank) and not {rival.first.id, rival.other.id} & taken
            for rival in rivals
        )
        taken |= {each.first.id, each.other.id}
        chosen.append(each.doubted() if is_doubtful else each)
    return chosen
