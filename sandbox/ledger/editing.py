"""The control plane's edits: what a bank changes behind the API's back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET

from sandbox.ledger import calendar, categories
from sandbox.ledger.changes import Edited
from sandbox.ledger.credit import CreditAccount
from sandbox.ledger.ids import Kind
from sandbox.ledger.item import Item
from sandbox.ledger.models import Transaction
from sandbox.ledger.money import units
from sandbox.ledger.overlay import Edit, RowEdit, edited_entry
from sandbox.ledger.registry import Registry
from sandbox.ledger.view import compare

_COPIED = RowEdit.__struct_fields__

# where, which row (None: a new one), what, with which fields, and the row it succeeds
Step = tuple[Item, int, str | None, str, RowEdit, str | None]


class Editing(Registry):
    """Edits take effect in the API at the next collection, or with `apply_now` at once.

    All raise LookupError for an account or row that the API does not show, ValueError for fields that make no
    transaction. Fields are named as on the wire or in snake case; amounts are Decimal, int or text, never float.
    """

    def add_rows(
        self, account_id: str, rows: Iterable[Mapping[str, Any]], *, at: datetime, apply_now: bool = False
    ) -> Edited:
        """New rows, each with at least `date`, `description` and `amount`."""
        item, index = self._place_of(account_id)
        full = [_complete(parse(row), is_card=item.is_card(index)) for row in rows]
        return self._edit([(item, index, None, "add", fields, None) for fields in full], at, apply_now=apply_now)

    def change_row(self, transaction_id: str, *, at: datetime, apply_now: bool = False, **fields: Any) -> Edited:
        """Change a row in place: the id stays."""
        item, index, shown = self._row(transaction_id)
        change = _consistent(parse(fields), shown, is_card=item.is_card(index))
        return self._edit([(item, index, shown.id, "change", change, None)], at, apply_now=apply_now)

    def restate(self, transaction_id: str, *, at: datetime, apply_now: bool = False, **fields: Any) -> Edited:
        """Delete a row and create its successor under a new id, with nothing to link the two."""
        item, index, shown = self._row(transaction_id)
        change = _consistent(parse(fields), shown, is_card=item.is_card(index)).changes()
        full = RowEdit(**({name: getattr(shown, name) for name in _COPIED} | change))
        steps = [(item, index, shown.id, "remove", RowEdit(), None), (item, index, None, "add", full, shown.id)]
        edited = self._edit(steps, at, apply_now=apply_now)
        return Edited(edited.ids[1:], edited.accounts)

    def remove_rows(self, ids: Iterable[str], *, at: datetime, apply_now: bool = False) -> Edited:
        """Drop rows."""
        rows = [self._row(each) for each in ids]
        steps = [(item, index, shown.id, "remove", RowEdit(), None) for item, index, shown in rows]
        return self._edit(steps, at, apply_now=apply_now)

    def restore_rows(self, ids: Iterable[str], *, at: datetime, apply_now: bool = False) -> Edited:
        """Bring removed rows back under their old ids, newly ingested."""
        steps = []
        for each in ids:
            found = self._address(each, Kind.TRANSACTION, Kind.ADDED)
            if found is None or each.lower() not in found[0].edits[found[1].account].touched:
                raise LookupError(f"no row {each} was removed")
            steps.append((found[0], found[1].account, each.lower(), "restore", RowEdit(), None))
        return self._edit(steps, at, apply_now=apply_now)

    def set_category(
        self, transaction_id: str, category_id: str | None, *, at: datetime | None = None
    ) -> Transaction | None:
        """What PATCH /transactions/{id} does, at once; None for an unknown row. Raises ValueError for the category."""
        found = self._find(transaction_id)
        if found is None:
            return None
        item, index, shown = found
        when = item.moment(calendar.to_ms(at)) if at is not None else item.view(index).runs.instants[-1]
        fields = _consistent(RowEdit(category_id=category_id), shown, is_card=item.is_card(index))
        self._record(item, index, shown.id, Edit(self._store.next_seq(), "change", when, when, fields))
        again = self._find(transaction_id)
        return again[2] if again else None

    def close_bill(self, account_id: str, *, at: datetime) -> str:
        """Close a card's open bill now, seen by the next collection; gives its id. Later rows go on the next bill."""
        item, index = self._place_of(account_id)
        account, instant = item.bank.accounts[index], item.moment(calendar.to_ms(at))
        if not isinstance(account, CreditAccount):
            raise LookupError(f"account {account_id} has no bills")
        bill = account.card.bill_of(instant)
        if bill in item.edits[index].closings:
            raise ValueError("the bill was closed before")
        self._record(item, index, str(bill), Edit(self._store.next_seq(), "close", instant, None, RowEdit()))
        return account.card.bill_id(bill)

    def _edit(
        self,
        steps: Sequence[Step],
        at: datetime,
        *,
        apply_now: bool,
    ) -> Edited:
        ids = []
        pairs: dict[str, list[tuple[Transaction | None, Transaction | None]]] = {}
        for item, index, target, op, fields, origin in steps:
            seq, instant = self._store.next_seq(), item.moment(calendar.to_ms(at))
            row_id = target or self._ids.encode(Kind.ADDED, item.bank.tag, index, 0, seq)
            was = self._shown(item, index, row_id)
            self._record(item, index, row_id, Edit(seq, op, instant, instant if apply_now else None, fields, origin))
            pairs.setdefault(item.bank.account_id(index), []).append((was, self._shown(item, index, row_id)))
            ids.append(row_id)
        changes = {account_id: compare(each) for account_id, each in pairs.items()} if apply_now else {}
        return Edited(ids, {account_id: each for account_id, each in changes.items() if each})

    def _record(self, item: Item, index: int, target: str, edit: Edit) -> None:
        item.take(index, target, edit)
        self._store.add_edit(item.bank.opening.item_id, item.bank.account_id(index), target, edit)

    def _shown(self, item: Item, index: int, row_id: str) -> Transaction | None:
        edited = item.edits[index].touched.get(row_id)
        view = item.view(index)
        if edited is not None:
            entry = edited_entry(edited, view.runs, view.floor)
            return entry.shape if entry else None
        found = self._find(row_id)
        return found[2] if found else None

    def _find(self, transaction_id: str) -> tuple[Item, int, Transaction] | None:
        found = self._address(transaction_id, Kind.TRANSACTION, Kind.ADDED)
        if found is None:
            return None
        item, address = found
        entry = item.view(address.account).find(transaction_id.lower(), address.month)
        return (item, address.account, entry.shape) if entry else None

    def _row(self, transaction_id: str) -> tuple[Item, int, Transaction]:
        found = self._find(transaction_id)
        if found is None:
            raise LookupError(f"no transaction {transaction_id} is on show")
        return found


def parse(fields: Mapping[str, Any]) -> RowEdit:
    """Fields of a transaction, under either spelling of their names. Raises ValueError."""
    named = {_camel(name): value for name, value in fields.items()}
    if any(isinstance(value, float) for value in named.values()):
        raise ValueError("amounts are exact: give them as text, not as a float")
    date = named.get("date")
    if isinstance(date, datetime):
        named["date"] = calendar.wire(calendar.to_ms(date))
    elif isinstance(date, str):
        named["date"] = calendar.wire(calendar.parse(f"{date}T00:00:00Z" if len(date) == 10 else date))
    try:
        edit = msgspec.convert(named, RowEdit)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    for amount in (edit.amount, edit.amount_in_account_currency, edit.balance):
        if isinstance(amount, Decimal):
            units(amount)
    return edit


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _direction(amount: Decimal, *, is_card: bool) -> str:
    return "CREDIT" if (amount < 0 if is_card else amount >= 0) else "DEBIT"


def _consistent(edit: RowEdit, shown: Transaction | None, *, is_card: bool) -> RowEdit:
    """The edit with what follows from it: direction from the amount, category name from its id."""
    extra: dict[str, Any] = {}
    if isinstance(edit.amount, Decimal) and edit.type is UNSET and (shown is None or shown.amount * edit.amount <= 0):
        extra["type"] = _direction(edit.amount, is_card=is_card)
    if edit.category_id is not UNSET and edit.category is UNSET:
        if edit.category_id is not None and edit.category_id not in categories.tree():
            raise ValueError(f"there is no category {edit.category_id}")
        extra["category"] = categories.name_of(edit.category_id)
    return RowEdit(**(edit.changes() | extra))


def _complete(edit: RowEdit, *, is_card: bool) -> RowEdit:
    missing = [name for name in ("date", "description", "amount") if getattr(edit, name) is UNSET]
    if missing:
        raise ValueError(f"a row needs {', '.join(missing)}")
    defaults: dict[str, Any] = dict.fromkeys(_COPIED, None) | {"currency_code": "BRL", "status": "POSTED"}
    return RowEdit(**(defaults | _consistent(edit, None, is_card=is_card).changes()))
