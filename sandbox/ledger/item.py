"""One item: its bank, its collections, its edits, and the views they give."""

from collections.abc import Iterable

from sandbox.ledger import calendar
from sandbox.ledger.bank import Bank
from sandbox.ledger.models import Transaction
from sandbox.ledger.money import units_of
from sandbox.ledger.overlay import AccountEdits, Edit, EditedRow
from sandbox.ledger.profile import AccountKind
from sandbox.ledger.rows import Row
from sandbox.ledger.shown import Runs
from sandbox.ledger.view import AccountView

_BANKING = ("ACCOUNTS", "CREDIT_CARDS", "TRANSACTIONS", "PAYMENT_DATA", "IDENTITY", "LOANS")
PRODUCTS = frozenset((*_BANKING, "INVESTMENTS", "INVESTMENTS_TRANSACTIONS"))


class Item:
    """What the ledger holds of one item."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.collections: list[tuple[int, frozenset[str]]] = []
        self.edits = [AccountEdits() for _ in bank.accounts]
        self._runs: dict[frozenset[str], Runs] = {}

    def add_run(self, at: int, products: frozenset[str]) -> None:
        """Take note of a collection."""
        self.collections.append((at, products))
        self._runs.clear()

    def moment(self, at: int) -> int:
        """`at`, or just after the last collection: a clock that stands still or is set back cannot undo one."""
        return max(at, self.collections[-1][0] + 1) if self.collections else at

    def runs(self, *products: str) -> Runs:
        """The collections that refreshed all of `products`."""
        wanted = frozenset(products)
        if wanted not in self._runs:
            self._runs[wanted] = Runs([at for at, refreshed in self.collections if wanted <= refreshed])
        return self._runs[wanted]

    def is_card(self, index: int) -> bool:
        """Whether an account is a card."""
        return self.bank.accounts[index].spec.kind is AccountKind.CARD

    def holder_product(self, index: int) -> str:
        """The product that lists an account."""
        return "CREDIT_CARDS" if self.is_card(index) else "ACCOUNTS"

    def account_runs(self, index: int) -> Runs:
        """The collections that refreshed an account itself."""
        return self.runs(self.holder_product(index))

    def view(self, index: int) -> AccountView:
        """The transactions of an account as the API shows them now."""
        runs = self.runs(self.holder_product(index), "TRANSACTIONS")
        return AccountView(self.bank, index, runs, self.floor(runs), self.edits[index])

    def floor(self, runs: Runs) -> int:
        """The oldest instant that the first collection saw."""
        if not runs.instants:
            return 0
        day = calendar.utc_day(runs.instants[0])
        month = calendar.month_of(day) - self.bank.opening.profile.history_months
        return calendar.utc_midnight(calendar.day_in(month, day.day))

    def take(self, index: int, target: str, edit: Edit) -> None:
        """Take note of an edit of an account: of the row `target`, or of the bill when the edit closes one."""
        edits = self.edits[index]
        if edit.op == "close":
            edits.closings[int(target)] = edit
            return
        if target not in edits.touched:
            row = self._added(index, target, edit) if edit.op == "add" else self._row(index, target)
            edits.touched[target] = EditedRow(row, added=edit.op == "add")
        edits.touched[target].edits.append(edit)

    def _row(self, index: int, row_id: str) -> Row:
        edited = self.edits[index].touched.get(row_id)
        if edited is not None:
            return edited.row
        address = self.bank.ids.decode(row_id)
        row = self.bank.find(index, address.month, row_id) if address else None
        if row is None:
            raise LookupError(f"the bank has no row {row_id}")
        return row

    def _added(self, index: int, row_id: str, edit: Edit) -> Row:
        account_id = self.bank.account_id(index)
        shape = Transaction(id=row_id, account_id=account_id, created_at="", updated_at="", **edit.fields.changes())
        origin = self._row(index, edit.origin) if edit.origin else None
        at = calendar.parse(shape.date)
        return Row(
            shape=shape,
            at=at,
            visible=edit.at,
            posted=edit.at,
            units=units_of(shape),
            marks=origin.marks if origin else (),
            counts_from=max(at, edit.at),
            bill=origin.bill if origin else None,
        )

    def listed(self) -> Iterable[int]:
        """The accounts that some collection has seen."""
        return (index for index in range(len(self.bank.accounts)) if self.account_runs(index).instants)
