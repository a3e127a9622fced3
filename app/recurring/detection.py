"""Finding what comes again in the transactions of one payee. Pure.

A series is a chain of transactions one pace apart that accounts for most of what the payee gets: a friend who is paid
now and then has months that happen to look regular, and they are no series.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import NamedTuple
from uuid import UUID

from app.charges.classification import ChargeKind, charge_of
from app.counterparties.names import plain, text_key
from app.recurring.days import CADENCES, MONTHLY, Cadence, next_day, rule_of
from app.transactions.movements import Movement

_WIDEST = Decimal("2.2")
"""How many times larger one of two neighbours may be: a summer's electricity against a winter's."""

_FOLLOWS_FROM_USE = frozenset({ChargeKind.INTEREST, ChargeKind.FINE, ChargeKind.TAX})
_PER_USE = re.compile(r"\b(?:saques?|teds?|docs?|pix|transferencias?|cobrancas?|boletos?|extratos?|cheques?)\b")
"""A fee for each of these is of one price, and comes at a pace by chance alone."""

_DENSE = 3
"""Transactions a month from which on only equal amounts can be told from everyday payments."""

_VARYING_LEAST, _SLOW_VARYING_LEAST = 4, 6
_VARYING_SHARE, _FIXED_SHARE = 0.6, 0.7
_KEPT, _LONG, _SPREAD = 0.6, 10, 8
"""A varying bill keeps its day, at least so often; or it has come so often within so many days of the month."""

_NO_SERIES = ("APLICACAO", "RESGATE", "SAQUE")
_NO_SERIES_TEXT = ("aplicacao", "resgate", "saque")


class Found(NamedTuple):
    """A series; `rows` by date."""

    rows: tuple[Movement, ...]
    cadence: str
    day_rule: str
    next_date: date
    varies: bool
    price_changes: tuple[tuple[UUID, date, Decimal, Decimal], ...]
    """Row, day, and the price before and since, positive."""

    typical_amount: Decimal
    confidence: Decimal

    @property
    def name(self) -> str:
        """The payee as the last row names it."""
        return self.rows[-1].counterparty_name or self.rows[-1].description


def find_series(rows: Iterable[Movement]) -> list[Found]:
    """Return the series among an owner's transactions, own transfers and card payments left out by the caller.

    Each transaction is part of one at most. They are compared by account, direction, payee and text; what is left then
    by payee alone, since banks reword their texts.
    """
    payees: defaultdict[Hashable, list[Movement]] = defaultdict(list)
    for row in rows:
        if can_recur(row):
            known = row.counterparty_id if row.document_hash else None
            payees[row.account_id, row.is_out, known or text_key(row.description)].append(row)
    return [series for group in payees.values() for series in _series_of_payee(group)]


def _series_of_payee(group: Sequence[Movement]) -> Iterator[Found]:
    """Yield what comes monthly by its text, then by the payee alone, then what comes at another pace."""
    texts: defaultdict[str, list[Movement]] = defaultdict(list)
    for row in group:
        texts[text_key(row.description)].append(row)
    passes: list[tuple[list[Movement], Sequence[Cadence]]] = [(alike, (MONTHLY,)) for alike in texts.values()]
    passes += [(list(group), (MONTHLY,))] if len(texts) > 1 else []
    passes += [(alike, CADENCES[1:]) for alike in texts.values()]
    taken: set[UUID] = set()
    for rows, cadences in passes:
        for series in _series_of([row for row in rows if row.id not in taken], cadences):
            taken.update(row.id for row in series.rows)
            yield series


def can_recur(row: Movement) -> bool:
    """Tell whether it may be part of a series: no instalment, no cash, nothing moved into or out of investments.

    A bank's fee may, say for a monthly package; interest, fines, the tax on credit and fees for single services follow
    from how an account is used, and no agreement.
    """
    charge, text = charge_of(row), plain(row.description)
    if row.installment_number is not None or not row.amount or charge in _FOLLOWS_FROM_USE:
        return False
    if charge is ChargeKind.FEE and _PER_USE.search(text):
        return False
    return not ((row.operation_type or "").startswith(_NO_SERIES) or text.startswith(_NO_SERIES_TEXT))


def _series_of(group: Sequence[Movement], cadences: Sequence[Cadence]) -> Iterator[Found]:
    rows = sorted(group, key=lambda row: (row.date, row.id))
    for cadence in cadences:
        for cluster in _clusters(rows, cadence):
            chain = _longest_chain(cluster, cadence)
            while len(chain) >= cadence.least:
                series = _judge(chain, rows, cadence)
                if series is None:
                    break
                yield series
                taken = {row.id for row in chain}
                rows = [row for row in rows if row.id not in taken]
                cluster = [row for row in cluster if row.id not in taken]  # noqa: PLW2901 # the rest of it
                chain = _longest_chain(cluster, cadence)


def _clusters(rows: Sequence[Movement], cadence: Cadence) -> list[list[Movement]]:
    """Return the rows whole, or by equal amounts where there are too many a month."""
    if len(rows) < cadence.least:
        return []
    months = max((rows[-1].date - rows[0].date).days / 30, 1)
    most = months * max(_DENSE, 45 / cadence.days)
    if len(rows) <= most:
        return [list(rows)]
    by_amount: defaultdict[Decimal, list[Movement]] = defaultdict(list)
    for row in rows:
        by_amount[row.amount].append(row)
    return [cluster for cluster in by_amount.values() if cadence.least <= len(cluster) <= most]


def _longest_chain(rows: Sequence[Movement], cadence: Cadence) -> list[Movement]:
    """Return the best chain one pace apart: long, of steady amounts and days, one pace missed at a time at most."""
    days = [row.date.toordinal() for row in rows]
    scores, before = [1.0] * len(rows), [-1] * len(rows)
    nearest, farthest = cadence.days - cadence.slack - 2, 2 * cadence.days + cadence.slack + 3
    start = 0
    for at, row in enumerate(rows):
        while days[at] - days[start] > farthest:
            start += 1
        for earlier in range(start, at):
            if days[at] - days[earlier] < nearest:
                break
            step = _step(rows[earlier], row, cadence)
            if step is not None and scores[earlier] + step > scores[at]:
                scores[at], before[at] = scores[earlier] + step, earlier
    at, chain = max(range(len(rows)), key=scores.__getitem__, default=-1), []
    while at >= 0:
        chain.append(rows[at])
        at = before[at]
    return chain[::-1]


def _step(earlier: Movement, row: Movement, cadence: Cadence) -> float | None:
    """Return what a step adds to a chain, more for equal amounts and the day kept; None when it is none."""
    for paces in (1, 2):
        off = abs((row.date - cadence.after(earlier.date, paces)).days)
        if off <= cadence.slack:
            break
    else:
        return None
    low, high = sorted((abs(earlier.amount), abs(row.amount)))
    if high > low * _WIDEST:
        return None
    return 1.0 - 0.6 * (paces - 1) + 0.3 * float(low / high) - 0.1 * off / cadence.slack


def _judge(chain: Sequence[Movement], group: Sequence[Movement], cadence: Cadence) -> Found | None:
    """Return the series that a chain is, or None when chance may have made it."""
    changes = [(before, row) for before, row in pairwise(chain) if before.amount != row.amount]
    varies = len(changes) > max(cadence is MONTHLY, (len(chain) - 1) // 4)
    if varies and len(chain) < (_VARYING_LEAST if cadence is MONTHLY else _SLOW_VARYING_LEAST):
        return None
    alike = [row for row in group if varies or _is_near(row, chain)]
    share = len(chain) / len(alike)
    if share < (_VARYING_SHARE if varies else _FIXED_SHARE) or _missed(chain, cadence) > len(chain) / 5:
        return None
    days = [row.date for row in chain]
    rule, kept = rule_of(days, cadence)
    if varies and not (cadence.months and (kept >= _KEPT or (len(chain) >= _LONG and _spread(days) <= _SPREAD))):
        return None
    sizes = [abs(row.amount) for row in chain]
    confidence = min(1.0, 0.4 + 0.05 * len(chain)) * (0.6 + 0.2 * kept + 0.2 * share)
    sign = -1 if chain[0].is_out else 1
    return Found(
        rows=tuple(chain),
        cadence=cadence.name,
        day_rule=rule,
        next_date=next_day(rule, days[-1], cadence),
        varies=varies,
        price_changes=()
        if varies
        else tuple((row.id, row.date, abs(before.amount), abs(row.amount)) for before, row in changes),
        typical_amount=sign * (median(sizes[-12:]) if varies else sizes[-1]).quantize(Decimal("0.0001")),
        confidence=Decimal(confidence).quantize(Decimal("0.01")),
    )


def _is_near(row: Movement, chain: Sequence[Movement]) -> bool:
    """Tell whether a row of the payee costs about what those of the chain do."""
    sizes = Counter(abs(each.amount) for each in chain)
    return min(sizes) * Decimal("0.85") <= abs(row.amount) <= max(sizes) * Decimal("1.15")


def _missed(chain: Sequence[Movement], cadence: Cadence) -> int:
    gap = cadence.days * 1.5
    return sum((row.date - before.date).days > gap for before, row in pairwise(chain))


def _spread(days: Sequence[date]) -> int:
    """Return over how many days of the month they are spread, going round its end."""
    used = sorted({day.day for day in days})
    gaps = [after - before for before, after in pairwise([*used, used[0] + 31])]
    return 31 - max(gaps)
