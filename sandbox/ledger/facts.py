"""The facts planted in the rows on show, and the decoys beside them.

`facts()` gives, every list in a fixed order and amounts as text with four decimals:
- `installments`: `{"key", "accountId", "installments": how many in all, "totalAmount", "transactionIds", "parts"}`, the
  last two in the order of the parts on show;
- `transfers`: `{"key", "debitId", "creditId", "amount"}`, both sides on show; `unpaired_transfers`: one side only,
  because the other account is not in the truth asked for (`{"key", "transactionId"}`);
- `card_payments`: `{"key", "debitId" (bank), "creditId" (card), "amount"}`, both on show;
- `recurring`: `{"key", "kind", "accountId", "transactionIds": by date, "varies", "priceRises": [{"transactionId",
  "before", "after"}]}`, with at least three rows. Kinds: salary, rent, condominium, school, insurance, allowance, loan,
  subscription, fee, payroll, and with `varies` utility, tax and yield;
- `duplicates`: `{"key", "accountId", "transactionIds"}`: one purchase or PIX booked twice within two minutes
  (by `date`, or by the card's `transactionDateTime`);
- `fees`: `{"transactionId", "kind"}`: every fee, interest and tax on credit that was charged;
- `iof`: `{"key", "purchaseId", "taxId"}`;
- `investment_sweeps`: `{"transactionId"}`: leftovers put into, or taken out of, a deposit certificate: neither income
  nor spending, and no pattern to find;
- `decoys`: `{"decoyOf", "kind", "key", "transactionIds"}`: must not be reported as the fact named in `decoyOf`
  (transfers, duplicates, fees, price_rises).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from sandbox.ledger.money import text
from sandbox.ledger.rows import Mark
from sandbox.ledger.shown import Entry

_VARYING = frozenset(("utility", "tax", "yield"))


class Planted(NamedTuple):
    """A row on show with one of its marks."""

    account_id: str
    entry: Entry
    mark: Mark

    @property
    def id(self) -> str:
        """The row's id."""
        return self.entry.id


Group = list[Planted]


def facts(rows: Iterable[tuple[str, Entry]]) -> dict[str, Any]:
    """The facts in `(account id, row)` pairs."""
    groups: dict[str, dict[str, Group]] = defaultdict(lambda: defaultdict(list))
    for account_id, entry in rows:
        for mark in entry.row.marks:
            groups[mark.fact][mark.key].append(Planted(account_id, entry, mark))
    for keyed in groups.values():
        for group in keyed.values():
            group.sort(key=lambda planted: (planted.entry.at, planted.id))
    return {name: _each(groups[name], describe) for name, describe in _KINDS.items()} | {
        "installments": _each(groups["installments"], _installment_plan),
        "transfers": _each(groups["transfers"], _pair),
        "unpaired_transfers": _each(groups["transfers"], _unpaired),
        "fees": sorted((_fee(planted) for group in groups["fees"].values() for planted in group), key=_by_id),
        "investment_sweeps": sorted(
            ({"transactionId": planted.id} for group in groups["investment_sweeps"].values() for planted in group),
            key=_by_id,
        ),
    }


def _each(groups: dict[str, Group], describe: Callable[[str, Group], dict[str, Any] | None]) -> list[dict[str, Any]]:
    described = (describe(key, groups[key]) for key in sorted(groups))
    return [fact for fact in described if fact is not None]


def _by_id(fact: dict[str, Any]) -> str:
    return str(fact["transactionId"])


def _ids(group: Group) -> list[str]:
    return [planted.id for planted in group]


def _installment_plan(key: str, group: Group) -> dict[str, Any]:
    ordered = sorted(group, key=lambda planted: int(planted.mark.part.split("/")[0]))
    _, parts, total = ordered[0].mark.part.split("/")
    return {
        "key": key,
        "accountId": ordered[0].account_id,
        "installments": int(parts),
        "totalAmount": text(int(total)),
        "transactionIds": _ids(ordered),
        "parts": [int(planted.mark.part.split("/")[0]) for planted in ordered],
    }


def _sides(group: Group) -> dict[str, Planted]:
    return {planted.mark.part: planted for planted in group}


def _pair(key: str, group: Group) -> dict[str, Any] | None:
    sides = _sides(group)
    if not {"debit", "credit"} <= sides.keys():
        return None
    debit, credit = sides["debit"], sides["credit"]
    return {"key": key, "debitId": debit.id, "creditId": credit.id, "amount": text(abs(debit.entry.row.units))}


def _unpaired(key: str, group: Group) -> dict[str, Any] | None:
    return {"key": key, "transactionId": group[0].id} if len(_sides(group)) == 1 else None


def _card_payment(key: str, group: Group) -> dict[str, Any] | None:
    sides = _sides(group)
    if not {"bank", "card"} <= sides.keys():
        return None
    bank, card = sides["bank"], sides["card"]
    return {"key": key, "debitId": bank.id, "creditId": card.id, "amount": text(abs(bank.entry.row.units))}


def _series(key: str, group: Group) -> dict[str, Any] | None:
    if len(group) < 3:
        return None
    kind = group[0].mark.part
    rises = [
        {"transactionId": after.id, "before": text(abs(before.entry.units)), "after": text(abs(after.entry.units))}
        for before, after in pairwise(group)
        if kind not in _VARYING and abs(after.entry.units) > abs(before.entry.units)
    ]
    return {
        "key": key,
        "kind": kind,
        "accountId": group[0].account_id,
        "transactionIds": _ids(group),
        "varies": kind in _VARYING,
        "priceRises": rises,
    }


def _duplicate(key: str, group: Group) -> dict[str, Any] | None:
    if len(group) < 2:
        return None
    return {"key": key, "accountId": group[0].account_id, "transactionIds": _ids(group)}


def _fee(planted: Planted) -> dict[str, Any]:
    return {"transactionId": planted.id, "kind": planted.mark.key}


def _iof(key: str, group: Group) -> dict[str, Any] | None:
    sides = _sides(group)
    if not {"purchase", "tax"} <= sides.keys():
        return None
    return {"key": key, "purchaseId": sides["purchase"].id, "taxId": sides["tax"].id}


def _decoy(key: str, group: Group) -> dict[str, Any] | None:
    decoy_of, kind, rest = key.split("/", 2)
    if decoy_of == "duplicates" and len(group) < 2:
        return None  # the other one is not on show yet
    return {"decoyOf": decoy_of, "kind": kind, "key": rest, "transactionIds": _ids(group)}


_KINDS: dict[str, Callable[[str, Group], dict[str, Any] | None]] = {
    "card_payments": _card_payment,
    "recurring": _series,
    "duplicates": _duplicate,
    "iof": _iof,
    "decoys": _decoy,
}
