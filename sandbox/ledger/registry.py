"""Items, from their opening to their closing, and the collections in between."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from sandbox.ledger import calendar
from sandbox.ledger.bank import Bank
from sandbox.ledger.cache import RowCache
from sandbox.ledger.changes import Collected
from sandbox.ledger.customer import Opening
from sandbox.ledger.draws import seed_key
from sandbox.ledger.ids import Address, Ids, Kind
from sandbox.ledger.item import PRODUCTS, Item
from sandbox.ledger.profile import Profile
from sandbox.ledger.store import Store


class Registry:
    """All open items, remembered by a store."""

    def __init__(self, path: Path | None, *, seed: str) -> None:
        self._store = Store(path)
        self._begin(self._store.seed(seed))

    def _begin(self, seed: str) -> None:
        self.seed = seed
        self._key = seed_key(seed)
        self._ids = Ids(self._key)
        self._cache = RowCache()
        self._items: dict[str, Item] = {}
        self._tags: dict[int, Item] = {}
        for opening in self._store.items():
            self._open(opening)
        for item_id, at, products in self._store.runs():
            self._items[item_id].add_run(at, products)
        for stored in self._store.edits():
            item, index = self._place_of(stored.account_id)
            item.take(index, stored.target, stored.edit)

    def _open(self, opening: Opening) -> None:
        item = Item(Bank(self._key, self._ids, opening, self._cache))
        self._items[opening.item_id] = self._tags[item.bank.tag] = item

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
        """Copy the bank's state of `products` but the failed ones; says what that changed in each account's rows.

        Raises KeyError for an unknown item.
        """
        item = self._items[item_id]
        instant = item.moment(calendar.to_ms(at))
        refreshed = frozenset(products) - frozenset(fail)
        item.add_run(instant, refreshed)
        self._store.add_run(item_id, instant, refreshed)
        if "TRANSACTIONS" not in refreshed:
            return Collected()
        views = [item.view(index) for index in item.listed() if item.holder_product(index) in refreshed]
        return Collected(lambda: {item.bank.account_id(view.index): view.changes() for view in views})

    def _address(self, entity_id: str, *kinds: Kind) -> tuple[Item, Address] | None:
        """The open item an id belongs to, and what it names there; None for any id that is not of these kinds."""
        address = self._ids.decode(entity_id)
        if address is None or address.kind not in kinds or address.item not in self._tags:
            return None
        item = self._tags[address.item]
        return (item, address) if address.account < max(1, len(item.bank.accounts)) else None

    def _place(self, account_id: str) -> tuple[Item, int] | None:
        """An account that some collection has seen."""
        found = self._address(account_id, Kind.ACCOUNT)
        return (found[0], found[1].account) if found and found[1].account in found[0].listed() else None

    def _place_of(self, account_id: str) -> tuple[Item, int]:
        """The same for an account that must be there. Raises LookupError."""
        place = self._place(account_id)
        if place is None:
            raise LookupError(f"no account {account_id} is on show")
        return place
