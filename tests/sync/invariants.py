"""What holds whenever all has come to rest, whatever went wrong before (R78)."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from app.connections.models import BankConnection
from app.database import transaction
from app.resources import Resources
from app.transactions import service as transactions
from app.transactions.filters import TransactionFilter
from app.transactions.lines import TransactionLine
from sandbox.stack.compare import Row, differences
from tests.stand_in import StandIn, held

MANY = 100_000

VIOLATIONS: Final = {
    "a run whose counts do not add up (R20)": """
        SELECT id FROM sync_runs WHERE fetched <> inserted + updated + unchanged + quarantined OR removed < 0
            OR least(fetched, inserted, updated, unchanged, quarantined) < 0""",
    "a run that has not ended (R19)": "SELECT id FROM sync_runs WHERE finished_at IS NULL OR phase IS NOT NULL",
    "a checkpoint of a run that has ended": "SELECT run_id FROM sync_windows",
    "an account's part that has not ended": """
        SELECT part.run_id FROM sync_run_accounts AS part JOIN sync_runs AS run ON run.id = part.run_id
        WHERE run.status IN ('succeeded', 'partial') AND part.status = 'running'""",
    "a run's end told twice or never (R43)": """
        SELECT run.id FROM sync_runs AS run
        LEFT JOIN events AS told ON told.data ->> 'sync_id' = run.id::text
            AND told.type IN ('sync.completed', 'sync.failed')
            AND (told.type = 'sync.completed') = (run.status IN ('succeeded', 'partial'))
        WHERE run.status <> 'superseded' GROUP BY run.id HAVING count(told.id) <> 1""",
    "a number that the owner's counter has not given yet": """
        SELECT changed.id FROM owners, LATERAL (
            SELECT id, change_number AS number FROM transactions WHERE owner_id = owners.id
            UNION ALL SELECT id, change_number FROM transaction_revisions WHERE owner_id = owners.id
            UNION ALL SELECT id, sequence FROM events WHERE owner_id = owners.id
        ) AS changed WHERE owners.id = :owner_id AND changed.number > owners.change_number""",
    "an event whose place is not that of its commit": """
        SELECT later.id FROM events AS earlier JOIN events AS later ON later.sequence > earlier.sequence
        WHERE later.created_at < earlier.created_at""",
    "a live row of an account that is gone": """
        SELECT row.id FROM transactions AS row JOIN accounts ON accounts.id = row.account_id
        WHERE row.removed_at IS NULL AND accounts.removed_at IS NOT NULL""",
}
"""Words and the query of the rows that break the promise."""

_LEFT_OWED = text(
    "SELECT kind FROM owed_work WHERE owner_id = :owner_id AND kind <> 'schedule' AND kind <> 'repair' "
    "UNION ALL SELECT kind FROM owed_work WHERE due_at = 'infinity'"
)
_LEFT_HINTS = text("SELECT pluggy_id FROM sync_hints WHERE connection_id = :connection_id")


async def violations(resources: Resources, owner_id: UUID) -> list[str]:
    """What is broken among the owner's rows, in words; empty when all has come to rest as it should."""
    found = []
    async with transaction(resources.sessions, owner_id) as session:
        for words, query in VIOLATIONS.items():
            bound = {"owner_id": owner_id} if ":owner_id" in query else {}
            found += [f"{words}: {row}" for row in (await session.execute(text(query), bound)).scalars()]
        left = await session.execute(_LEFT_OWED, {"owner_id": owner_id})
        found += [f"work still owed, or dead: {kind}" for kind in left.scalars()]
    return found


async def assert_sound(
    resources: Resources,
    stand_in: StandIn,
    owner_id: UUID,
    connection: BankConnection,
    *,
    replica: "Replica",
    is_reconnected: bool = False,
) -> None:
    """Fail unless ledger, counts, events and the feed are as they must be after a successful run.

    Behind a reconnection our history may reach back further than the new item's.
    """
    truth, ours = await stand_in.truth(connection.item_id), await held(resources.sessions, owner_id, connection.id)
    if is_reconnected:
        ours = {account: _within(truth[account], rows) for account, rows in ours.items() if account in truth}
    wrong = differences(truth, ours)
    assert not wrong, "\n".join(wrong)
    found = await violations(resources, owner_id)
    async with transaction(resources.sessions, owner_id) as session:
        hints = await session.execute(_LEFT_HINTS, {"connection_id": connection.id})
        found += [f"a row that was never asked for: {pluggy_id}" for pluggy_id in hints.scalars()]
    assert not found, "\n".join(found)
    await replica.assert_equal(resources, owner_id)


def _within(listed: list[Row], rows: list[Row]) -> list[Row]:
    """The rows without those of days that the bank no longer lists."""
    first = min((row.day for row in listed), default=date.max)
    return [row for row in rows if row.day > first or row in listed]


class Replica:
    """An integrator that knows nothing but the feed of changes."""

    def __init__(self) -> None:
        self._rows: dict[UUID, TransactionLine] = {}
        self._place: tuple[int, UUID] = (0, UUID(int=0))

    async def assert_equal(self, resources: Resources, owner_id: UUID) -> None:
        """Follow the feed to its end; every row is then as the list shows it, to the last field."""
        await self._follow(resources, owner_id)
        shown = await transactions.list_page(resources.engine, owner_id, TransactionFilter(), after=None, limit=MANY)
        listed: dict[UUID, Any] = {line.id: line for line in shown}
        assert self._rows.keys() == listed.keys()
        stale = [line for key, line in listed.items() if self._rows[key] != line]
        assert not stale, f"the feed never told of {stale[0]}"

    async def _follow(self, resources: Resources, owner_id: UUID) -> None:
        while True:
            async with transaction(resources.sessions, owner_id) as session:
                page = await transactions.list_changes(session, owner_id, after=self._place, limit=50)
            for line in (*page.added, *page.modified):  # added may be one that went and came back meanwhile
                self._rows[line.id] = line
            for gone in page.removed:
                self._rows.pop(gone.id, None)
            assert page.place >= self._place
            self._place = page.place
            if not page.has_more:
                return
