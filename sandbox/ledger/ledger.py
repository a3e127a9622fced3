"""The ledger behind the stand-in: everything that can be read of every open item."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from sandbox.ledger import accounts, billing, calendar, categories, identity, investments, loans, merchants, truth
from sandbox.ledger.editing import Editing
from sandbox.ledger.ids import Kind
from sandbox.ledger.models import Account, Bill, Category, LiveBalance, MerchantLookup, Transaction
from sandbox.ledger.product_models import Identity, Investment, InvestmentTransaction, Loan
from sandbox.ledger.view import Window


class Ledger(Editing):
    """Everything the banks know, and what the collections so far have shown of it.

    Not safe for several threads at once. A stored seed wins over `seed`, so that a restart goes on where it stopped;
    `reset` begins anew. Reads of unknown ids give None or nothing.
    """

    def accounts(self, item_id: str) -> list[Account]:
        """The item's accounts on show; empty for an unknown item."""
        item = self._items.get(item_id)
        found = (accounts.account(item, index) for index in item.listed()) if item else ()
        return [account for account in found if account is not None]

    def account(self, account_id: str) -> Account | None:
        """One account on show."""
        place = self._place(account_id)
        return accounts.account(*place) if place else None

    def live_balance(self, account_id: str, at: datetime) -> LiveBalance | None:
        """What the bank says right now, without a collection."""
        place = self._place(account_id)
        return accounts.live_balance(*place, calendar.to_ms(at)) if place else None

    def transactions(
        self,
        account_id: str,
        *,
        ids: Collection[str] | None = None,
        date_from: date | None = None,
        date_to: date | None = None,
        created_at_from: datetime | None = None,
        bill_id: str | None = None,
        after: tuple[datetime, str] | None = None,
        offset: int = 0,
        limit: int = 500,
    ) -> list[Transaction]:
        """Rows on show, newest `(date, id)` first, strictly after the key `after`; days are UTC and inclusive."""
        window = _window(date_from, date_to, created_at_from, after)
        return list(islice(self._list(account_id, window, ids, bill_id), offset, offset + limit))

    def count_transactions(
        self,
        account_id: str,
        *,
        ids: Collection[str] | None = None,
        date_from: date | None = None,
        date_to: date | None = None,
        created_at_from: datetime | None = None,
        bill_id: str | None = None,
    ) -> int:
        """How many rows `transactions` would list in all."""
        return sum(1 for _ in self._list(account_id, _window(date_from, date_to, created_at_from, None), ids, bill_id))

    def _list(
        self, account_id: str, window: Window, ids: Collection[str] | None, bill_id: str | None
    ) -> Iterable[Transaction]:
        place = self._place(account_id)
        if place is None:
            return
        wanted = None if ids is None else frozenset(each.lower() for each in ids)
        for entry in place[0].view(place[1]).entries(window):
            if wanted is not None and entry.id not in wanted:
                continue
            card = entry.shape.credit_card_metadata
            if bill_id is None or (card is not None and card.bill_id == bill_id):
                yield entry.shape

    def transaction(self, transaction_id: str) -> Transaction | None:
        """One row on show."""
        found = self._find(transaction_id)
        return found[2] if found else None

    def bills(self, account_id: str) -> list[Bill]:
        """A card's closed bills, newest first."""
        place = self._place(account_id)
        return [bill for bill, _ in billing.listed(*place)] if place else []

    def bill(self, bill_id: str) -> Bill | None:
        """One closed bill."""
        found = self._address(bill_id, Kind.BILL)
        listed = billing.listed(found[0], found[1].account) if found else []
        return next((bill for bill, _ in listed if bill.id == bill_id.lower()), None)

    def investments(self, item_id: str) -> list[Investment]:
        """The item's investments; empty until a collection has brought them."""
        item = self._items.get(item_id)
        return investments.investments(item) if item else []

    def investment(self, investment_id: str) -> Investment | None:
        """One investment."""
        found = self._address(investment_id, Kind.INVESTMENT)
        listed = investments.investments(found[0]) if found else []
        return next((each for each in listed if each.id == investment_id.lower()), None)

    def investment_transactions(self, investment_id: str) -> list[InvestmentTransaction]:
        """The movements of an investment, newest first."""
        found = self._address(investment_id, Kind.INVESTMENT)
        return investments.investment_transactions(found[0], found[1].n) if found else []

    def loans(self, item_id: str) -> list[Loan]:
        """The item's loans; empty until a collection has brought them."""
        item = self._items.get(item_id)
        return loans.loans(item) if item else []

    def loan(self, loan_id: str) -> Loan | None:
        """One loan."""
        found = self._address(loan_id, Kind.LOAN)
        listed = loans.loans(found[0]) if found else []
        return next((each for each in listed if each.id == loan_id.lower()), None)

    def identity(self, item_id: str) -> Identity | None:
        """Who holds the item; None until a collection has brought it."""
        item = self._items.get(item_id)
        return identity.identity(item) if item else None

    def identity_by_id(self, identity_id: str) -> Identity | None:
        """The same by its own id."""
        found = self._address(identity_id, Kind.IDENTITY)
        return identity.identity(found[0]) if found else None

    def categories(self) -> list[Category]:
        """The whole tree, parents first."""
        return list(categories.tree().values())

    def category(self, category_id: str) -> Category | None:
        """One category."""
        return categories.tree().get(category_id)

    def merchants(self, cnpjs: Iterable[str]) -> MerchantLookup:
        """Which merchants have these CNPJs, formatted or not."""
        return merchants.look_up(list(cnpjs))

    def truth(self, *item_ids: str) -> dict[str, Any]:
        """What an observer of these items, or of all, should hold now; see `sandbox.ledger.truth`.

        Raises KeyError for an unknown item.
        """
        chosen = [self._items[item_id] for item_id in item_ids] if item_ids else self._items.values()
        return truth.truth(list(chosen))


def _window(
    date_from: date | None, date_to: date | None, created: datetime | None, after: tuple[datetime, str] | None
) -> Window:
    return Window(
        low=None if date_from is None else calendar.utc_midnight(date_from),
        high=None if date_to is None else calendar.utc_midnight(date_to + timedelta(1)),
        created_from=None if created is None else calendar.to_ms(created),
        after=None if after is None else (calendar.to_ms(after[0]), after[1].lower()),
    )
