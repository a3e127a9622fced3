"""The ledger behind the stand-in: reads, collections and edits of every open item."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sandbox.ledger import accounts, calendar, categories, merchants, truth
from sandbox.ledger.bank import Bank
from sandbox.ledger.cache import RowCache
from sandbox.ledger.changes import Collected
from sandbox.ledger.customer import Opening
from sandbox.ledger.draws import seed_key
from sandbox.ledger.ids import Ids, Kind
from sandbox.ledger.item import PRODUCTS, Item
from sandbox.ledger.models import Account, Category, LiveBalance, MerchantLookup, Transaction
from sandbox.ledger.profile import Profile
from sandbox.ledger.store import Store
from sandbox.ledger.view import Window


class Ledger:
    """Everything the banks know, and what the collections so far have shown of it.

    Not safe for several threads at once. A stored seed wins over `seed`, so that a restart goes on where it stopped;
    `reset` begins anew.
    """

    def __init__(self, path: Path | None, *, seed: str) -> None:
        self._store = Store(path)
        self._begin(self._store.seed(seed))

    def _begin(self, seed: str) -> None:
        self.seed = seed
        self._key = seed_key(seed)
        self._ids = Ids(self._key)
        self._cache = RowCache()
        self._items: dict[str, Item] = {}
        self._tags: dict[int, str] = {}
        for opening in self._store.items():
            self._open(opening)
        for item_id, at, products in self._store.runs():
            self._items[item_id].add_run(at, products)

    def _open(self, opening: Opening) -> None:
        item = Item(Bank(self._key, self._ids, opening, self._cache))
        self._items[opening.item_id] = item
        self._tags[item.bank.tag] = opening.item_id

    def close(self) -> None:
        """Release the file."""
        self._store.close()

    def reset(self, seed: str) -> None:
        """Forget every item, collection and edit, and go on with another seed."""
        self._store.reset(seed)
        self._begin(seed)

    def open_item(self, item_id: str, *, profile: Profile, holder: str, institution: str, at: datetime) -> None:
        """Let an item stand for the holder's accounts at an institution; opening it twice changes nothing."""
        if item_id in self._items:
            return
        slot = self._store.slot(holder, institution)
        opening = Opening(item_id, profile, holder, institution, slot, calendar.to_ms(at))
        self._store.add_item(opening)
        self._open(opening)

    def close_item(self, item_id: str) -> None:
        """Forget an item; its accounts and rows are gone from then on."""
        item = self._items.pop(item_id, None)
        if item is not None:
            del self._tags[item.bank.tag]
            self._store.remove_item(item_id)

    def collect(
        self, item_id: str, at: datetime, *, products: Collection[str] = PRODUCTS, fail: Collection[str] = ()
    ) -> Collected:
        """Copy the bank's state of `products` but the failed ones; says what that changed in each account's rows."""
        item, instant = self._items[item_id], calendar.to_ms(at)
        refreshed = frozenset(products) - frozenset(fail)
        item.add_run(instant, refreshed)
        self._store.add_run(item_id, instant, refreshed)
        if "TRANSACTIONS" not in refreshed:
            return Collected({})
        views = [item.view(index) for index in item.listed() if item.holder_product(index) in refreshed]
        return Collected({item.bank.account_id(view.index): view.changes() for view in views})

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
        address = self._ids.decode(transaction_id)
        item_id = self._tags.get(address.item) if address else None
        if address is None or item_id is None or address.kind not in (Kind.TRANSACTION, Kind.ADDED):
            return None
        item = self._items[item_id]
        if address.account >= len(item.bank.accounts):
            return None
        entry = item.view(address.account).find(transaction_id.lower(), address.month)
        return entry.shape if entry else None

    def categories(self) -> list[Category]:
        """The whole tree, parents first."""
        return list(categories.tree().values())

    def category(self, category_id: str) -> Category | None:
        """One category."""
        return categories.tree().get(category_id)

    def merchants(self, cnpjs: Iterable[str]) -> MerchantLookup:
        """Which merchants have these CNPJs, formatted or not."""
        return merchants.look_up(list(cnpjs))

    def truth(self, item_id: str | None = None) -> dict[str, Any]:
        """What an observer should hold now; see `sandbox.ledger.truth`."""
        chosen = self._items.values() if item_id is None else [self._items[item_id]]
        return truth.truth(list(chosen))

    def _place(self, account_id: str) -> tuple[Item, int] | None:
        address = self._ids.decode(account_id)
        if address is None or address.kind != Kind.ACCOUNT or address.item not in self._tags:
            return None
        item = self._items[self._tags[address.item]]
        return (item, address.account) if address.account in item.listed() else None


def _window(
    date_from: date | None, date_to: date | None, created: datetime | None, after: tuple[datetime, str] | None
) -> Window:
    return Window(
        low=None if date_from is None else calendar.utc_midnight(date_from),
        high=None if date_to is None else calendar.utc_midnight(date_to + timedelta(1)),
        created_from=None if created is None else calendar.to_ms(created),
        after=None if after is None else (calendar.to_ms(after[0]), after[1].lower()),
    )
