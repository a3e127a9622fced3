"""One item: its bank, its collections, its edits, and the views they give."""

from collections.abc import Iterable

from sandbox.ledger import calendar
from sandbox.ledger.bank import Bank
from sandbox.ledger.overlay import AccountEdits
from sandbox.ledger.profile import AccountKind
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
        """Take note of a collection; they come in order of time."""
        if self.collections and at < self.collections[-1][0]:
            raise ValueError("a collection cannot be older than the last one")
        self.collections.append((at, products))
        self._runs.clear()

    def runs(self, *products: str) -> Runs:
        """The collections that refreshed all of `products`."""
        wanted = frozenset(products)
        if wanted not in self._runs:
            instants = dict.fromkeys(at for at, refreshed in self.collections if wanted <= refreshed)
            self._runs[wanted] = Runs(list(instants))
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

    def listed(self) -> Iterable[int]:
        """The accounts that some collection has seen."""
        return (index for index in range(len(self.bank.accounts)) if self.account_runs(index).instants)
