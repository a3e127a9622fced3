"""What a person decided about rows, and where it must be found whatever the bank does to them (R32, R33)."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

DAYS_APART: Final = 2
"""A day less than the service allows, since a bank's instant and our day may lie on either side of midnight."""

UNDECIDED: Final = {"note": None, "tags": [], "ignored": False, "category_id": None}


class BankRow(NamedTuple):
    """A row that the bank shows: what the machine picks those by that the bank changes."""

    id: str
    account: str
    account_type: str
    day: date
    status: str
    words: str


class OurRow(NamedTuple):
    """A row of ours, removed or not, with what a person decided about it."""

    id: UUID
    pluggy_id: str
    day: date
    words: str
    is_live: bool
    decided: dict[str, Any]

    def resembles(self, other: "BankRow | OurRow") -> bool:
        """Whether they may be one row."""
        return self.words == other.words and abs((self.day - other.day).days) <= DAYS_APART


class Decisions:
    """Follows each decision: by our id of the row, and by the ids under which the bank shows that row."""

    def __init__(self) -> None:
        self._said: dict[UUID, dict[str, Any]] = {}
        self._bank_ids: dict[UUID, str] = {}
        self._heirs: dict[str, str] = {}

    def made(self, row: OurRow, decided: dict[str, Any]) -> None:
        """A person decided this about the row."""
        self._said[row.id] = {**self._said.get(row.id, {}), **decided}
        self._bank_ids[row.id] = row.pluggy_id

    def restated(self, row_id: str, heir_id: str) -> None:
        """The bank shows a row under another id from now on."""
        self._heirs[row_id] = heir_id

    def concern(self, row: BankRow) -> bool:
        """Whether something was decided about the row that the bank shows so."""
        return any(self._today(bank_id) == row.id for bank_id in self._bank_ids.values())

    def check(self, ours: Sequence[OurRow], bank: Sequence[BankRow], *, unclear: Collection[UUID]) -> None:
        """Fail unless each decision is whole, on the row it was made about and no other, live where the bank has it.

        `unclear` are rows that the service itself could not tell from others: what was decided about those is parked.
        """
        held, shown = {row.id: row for row in ours}, {row.id: row for row in bank}
        self._follow_merged(held)
        found = {row.id: row.decided for row in ours if row.decided != UNDECIDED}
        assert found == {row_id: {**UNDECIDED, **said} for row_id, said in self._said.items()}
        for row in (held[row_id] for row_id in self._said if not held[row_id].is_live and row_id not in unclear):
            heir = shown.get(self._today(row.pluggy_id))
            assert heir is None or not row.resembles(heir), f"{row} was left behind: the bank shows it as {heir}"
        self._bank_ids = {row_id: held[row_id].pluggy_id for row_id in self._said}

    def check_taken_over(self, before: Sequence[OurRow], ours: Sequence[OurRow], bank: Sequence[BankRow]) -> None:
        """Fail unless what was decided about a live row is on a live row under a new item that shows that one row."""
        held = {row.id: row for row in ours}
        for row in (row for row in before if row.is_live and row.id in self._said and not held[row.id].is_live):
            alike = [other for other in bank if row.resembles(other)]
            rivals = [other for other in before if other.id != row.id and other.words == row.words]
            assert len(alike) != 1 or rivals, f"{row} was left behind: the new item shows it as {alike[0]}"
        self._heirs.clear()

    def _follow_merged(self, held: dict[UUID, OurRow]) -> None:
        """A row that turned out to be another one restated hands its decisions on; they are the newer ones."""
        bearer = {row.pluggy_id: row.id for row in held.values()}
        for row_id in [row_id for row_id in self._said if held[row_id].pluggy_id == str(row_id)]:
            heir_id = bearer[self._today(self._bank_ids.pop(row_id))]
            self._said[heir_id] = {**self._said.get(heir_id, {}), **self._said.pop(row_id)}

    def _today(self, bank_id: str) -> str:
        while bank_id in self._heirs:
            bank_id = self._heirs[bank_id]
        return bank_id
