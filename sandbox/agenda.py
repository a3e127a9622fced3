"""The items, and which of them has something to do next: a thousand idle ones cost nothing."""

from datetime import datetime
from heapq import heapify, heappop, heappush

from sandbox.records import Item
from sandbox.store import Store, Table


class Items(Table[Item]):
    """All items, oldest first, with an agenda of their `due_at`."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, "item", Item)
        self._agenda = [(item.due_at, item.id) for item in self if item.due_at is not None]
        heapify(self._agenda)

    def put(self, id_: str, record: Item) -> None:
        """Keep the item and note when it is due."""
        super().put(id_, record)
        self.note(record)

    def note(self, item: Item) -> None:
        """Note when the item is due; what was noted before and no longer holds is passed over."""
        if item.due_at is not None:
            heappush(self._agenda, (item.due_at, item.id))

    def take_due(self, now: datetime) -> Item | None:
        """Take the item that has been due the longest off the agenda; None when none is due by now."""
        at = self.next_due()
        return self.get(heappop(self._agenda)[1]) if at is not None and at <= now else None

    def next_due(self) -> datetime | None:
        """When the next item is due."""
        while self._agenda:
            at, item_id = self._agenda[0]
            item = self.get(item_id)
            if item is not None and item.due_at == at:
                return at
            heappop(self._agenda)
        return None
