"""What cannot be generated, kept in SQLite: items, collections and edits."""

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path

import msgspec

from sandbox.ledger.customer import Opening
from sandbox.ledger.overlay import Edit, RowEdit
from sandbox.ledger.profile import Profile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seed (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slots (
    holder TEXT NOT NULL, institution TEXT NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (holder, institution)
);
CREATE TABLE IF NOT EXISTS items (
    item_id TEXT PRIMARY KEY, profile TEXT NOT NULL, holder TEXT NOT NULL, institution TEXT NOT NULL,
    slot INTEGER NOT NULL, at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (
    item_id TEXT NOT NULL, at INTEGER NOT NULL, products TEXT NOT NULL, PRIMARY KEY (item_id, at)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS edits (
    seq INTEGER PRIMARY KEY, item_id TEXT NOT NULL, account_id TEXT NOT NULL, target TEXT NOT NULL, op TEXT NOT NULL,
    at INTEGER NOT NULL, shown INTEGER, fields BLOB NOT NULL,
    origin TEXT
);
"""


class StoredEdit(msgspec.Struct, frozen=True):
    """An edit with what it is about: a transaction's id, or a bill's."""

    account_id: str
    target: str
    edit: Edit


class Store:
    """One SQLite file, or memory; every write is committed before the call returns."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._sql = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.execute("PRAGMA synchronous = NORMAL")
        self._sql.executescript(_SCHEMA)

    def close(self) -> None:
        """Release the file."""
        self._sql.close()

    def seed(self, wanted: str) -> str:
        """The seed of what is stored; `wanted` when nothing is yet."""
        self._sql.execute("INSERT OR IGNORE INTO seed VALUES (1, ?)", (wanted,))
        return str(self._sql.execute("SELECT value FROM seed").fetchone()[0])

    def reset(self, seed: str) -> None:
        """Forget everything and begin with another seed."""
        with self._sql:
            self._sql.execute("BEGIN")
            for table in ("seed", "slots", "items", "runs", "edits"):
                self._sql.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed names
            self._sql.execute("INSERT INTO seed VALUES (1, ?)", (seed,))

    def slot(self, holder: str, institution: str) -> int:
        """The number of the holder's institution, given at its first opening and kept for good."""
        self._sql.execute(
            "INSERT OR IGNORE INTO slots SELECT ?, ?, count(*) FROM slots WHERE holder = ?",
            (holder, institution, holder),
        )
        query = "SELECT slot FROM slots WHERE holder = ? AND institution = ?"
        return int(self._sql.execute(query, (holder, institution)).fetchone()[0])

    def add_item(self, opening: Opening) -> None:
        """Remember an item."""
        profile = json.dumps(asdict(opening.profile))
        values = (opening.item_id, profile, opening.holder, opening.institution, opening.slot, opening.at)
        self._sql.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)", values)

    def remove_item(self, item_id: str) -> None:
        """Forget an item with all that hangs on it; its holder's slots stay."""
        with self._sql:
            self._sql.execute("BEGIN")
            for table in ("items", "runs", "edits"):
                self._sql.execute(f"DELETE FROM {table} WHERE item_id = ?", (item_id,))  # noqa: S608 - fixed names

    def items(self) -> list[Opening]:
        """All items, in the order in which they were opened."""
        query = "SELECT item_id, profile, holder, institution, slot, at FROM items ORDER BY rowid"
        return [
            Opening(item_id, Profile(**json.loads(profile)), holder, institution, slot, at)
            for item_id, profile, holder, institution, slot, at in self._sql.execute(query)
        ]

    def add_run(self, item_id: str, at: int, products: frozenset[str]) -> None:
        """Remember a collection and the products it refreshed."""
        self._sql.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", (item_id, at, ",".join(sorted(products))))

    def runs(self) -> list[tuple[str, int, frozenset[str]]]:
        """All collections of all items, oldest first."""
        query = "SELECT item_id, at, products FROM runs ORDER BY at"
        return [(item_id, at, frozenset(products.split(","))) for item_id, at, products in self._sql.execute(query)]

    def add_edit(self, item_id: str, account_id: str, target: str, edit: Edit) -> None:
        """Remember an edit."""
        fields = msgspec.json.encode(edit.fields)
        values = (edit.seq, item_id, account_id, target, edit.op, edit.at, edit.shown, fields, edit.origin)
        self._sql.execute("INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def next_seq(self) -> int:
        """The number of the next edit."""
        return int(self._sql.execute("SELECT coalesce(max(seq), 0) + 1 FROM edits").fetchone()[0])

    def edits(self) -> list[StoredEdit]:
        """All edits in the order in which they were made."""
        decode = msgspec.json.Decoder(RowEdit).decode
        query = "SELECT account_id, target, seq, op, at, shown, fields, origin FROM edits ORDER BY seq"
        return [
            StoredEdit(account_id, target, Edit(seq, op, at, shown, decode(fields), origin))
            for account_id, target, seq, op, at, shown, fields, origin in self._sql.execute(query)
        ]
