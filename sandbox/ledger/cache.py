"""Generated months, kept as long as there is room."""

from collections import OrderedDict
from collections.abc import Callable

from sandbox.ledger.rows import Row


class RowCache:
    """The least recently used months are dropped beyond `capacity` rows (about 1.5 KiB each)."""

    def __init__(self, capacity: int = 150_000) -> None:
        self._capacity = capacity
        self._held = 0
        self._months: OrderedDict[tuple[object, ...], list[Row]] = OrderedDict()

    def kept(self, key: tuple[object, ...], make: Callable[[], list[Row]]) -> list[Row]:
        """The rows under a key, made when they are not there."""
        rows = self._months.get(key)
        if rows is not None:
            self._months.move_to_end(key)
            return rows
        rows = self._months[key] = make()
        self._held += len(rows) + 1
        while self._held > self._capacity and len(self._months) > 1:
            self._held -= len(self._months.popitem(last=False)[1]) + 1
        return rows
