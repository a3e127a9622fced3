"""SQLite behind plain dictionaries: every record is a struct, read from memory and written through at once."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

Record = TypeVar("Record", bound=msgspec.Struct)


class Store:
    """One file (or memory, when `path` is None); a record is found by its kind and id, and keeps its place."""

    def __init__(self, path: Path | None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS records ("
            "place INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,"
            "UNIQUE (kind, id))"
        )

    def load(self, kind: str) -> list[tuple[str, bytes]]:
        return self._db.execute("SELECT id, body FROM records WHERE kind = ? ORDER BY place", (kind,)).fetchall()

    def put(self, kind: str, id_: str, body: bytes) -> None:
        self._db.execute(
            "INSERT INTO records (kind, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, id_, body),
        )

    def drop(self, kind: str, id_: str) -> None:
        self._db.execute("DELETE FROM records WHERE kind = ? AND id = ?", (kind, id_))

    def wipe(self) -> None:
        self._db.execute("DELETE FROM records")

    def close(self) -> None:
        self._db.close()


class Table(Generic[Record]):
    """The records of one kind, oldest first."""

    def __init__(self, store: Store, kind: str, record: type[Record]) -> None:
        self._store = store
        self._kind = kind
        self._rows = {id_: msgspec.json.decode(body, type=record) for id_, body in store.load(kind)}

    def get(self, id_: str) -> Record | None:
        return self._rows.get(id_)

    def put(self, id_: str, record: Record) -> None:
        self._store.put(self._kind, id_, msgspec.json.encode(record))
        self._rows[id_] = record

    def drop(self, id_: str) -> Record | None:
        self._store.drop(self._kind, id_)
        return self._rows.pop(id_, None)

    def clear(self) -> None:
        for id_ in list(self._rows):
            self.drop(id_)

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)
