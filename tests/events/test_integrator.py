"""An integrator that is killed, repeats itself and goes back to older cursors, while syncs write (R78)."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from app.accounts.models import Account
from app.connections.models import BankConnection
from app.database import transaction
from app.resources import Resources
from app.transactions.models import Transaction
from tests.stand_in import StandIn, assert_equal_to_truth
from tests.sync.support import connect, queue_sync
from worker.job import Runner

FEED = "/api/banking/transactions/changes/"
ROUNDS = 6


@dataclass
class Store:
    """What the integrator has on disk: rows and cursor, committed together; and cursors it once had."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursor: str | None = None
    older: list[str | None] = field(default_factory=lambda: [None])


class Integrator:
    """Follows the feed as docs/integrators.md says, through all that may happen to a process."""

    def __init__(self, http: httpx.AsyncClient, chance: random.Random) -> None:
        self.store = Store()
        self.pages = self.killed = self.repeated = self.replayed = 0
        self._http, self._chance = http, chance

    async def step(self) -> bool:
        """Read one page; tell whether there is more."""
        fate, cursor = self._chance.random(), self.store.cursor
        if fate < 0.1:
            cursor = self._chance.choice(self.store.older)
            self.replayed += 1
        page = await self._read(cursor)
        if 0.1 <= fate < 0.3:  # killed before its commit: nothing of the page is kept
            self.killed += 1
            return True
        self._apply(page)
        if 0.3 <= fate < 0.4:
            self._apply(page)
            self.repeated += 1
        self.store.older.append(self.store.cursor)
        self.store.cursor = page["next_cursor"]
        self.pages += 1
        return bool(page["has_more"])

    async def catch_up(self) -> None:
        """Read until there is no more, undisturbed."""
        while (page := await self._read(self.store.cursor)) is not None:
            self._apply(page)
            self.store.cursor = page["next_cursor"]
            if not page["has_more"]:
                return

    async def _read(self, cursor: str | None) -> dict[str, Any]:
        asked: dict[str, Any] = {"limit": self._chance.choice([7, 50, 500])}
        answer = await self._http.get(FEED, params=asked | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    def _apply(self, page: dict[str, Any]) -> None:
        for row in (*page["added"], *page["modified"]):
            self.store.rows[row["id"]] = row
        for row in page["removed"]:
            self.store.rows.pop(row["id"], None)


async def disturb(stand_in: StandIn, resources: Resources, connection: BankConnection, chance: random.Random) -> None:
    """Have the bank add, change, restate and remove rows of one account."""
    statement = (
        select(Account.pluggy_id, Transaction.pluggy_id)
        .join(Transaction, (Transaction.owner_id == Account.owner_id) & (Transaction.account_id == Account.id))
        .where(Account.type == "BANK", Transaction.status == "POSTED", Transaction.removed_at.is_(None))
        .order_by(Transaction.date.desc(), Transaction.id)
        .limit(40)
    )
    async with transaction(resources.sessions, connection.owner_id) as session:
        held = (await session.execute(statement)).all()
    account = held[0][0]
    changed, removed = chance.sample([str(pluggy_id) for _, pluggy_id in held], 2)
    new = [{"date": "2026-06-01T15:00:00.000Z", "description": f"N {chance.random()}", "amount": -n} for n in (1, 2)]
    await stand_in.control("POST", f"/accounts/{account}/transactions", {"rows": new}, applyNow=True)
    await stand_in.control("PATCH", f"/transactions/{changed}", {"description": f"C {chance.random()}"}, applyNow=True)
    await stand_in.control("POST", "/transactions/remove", {"ids": [removed]}, applyNow=True)


async def listed(http: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Our ledger as the list shows it."""
    rows: dict[str, dict[str, Any]] = {}
    cursor = None
    while True:
        asked: dict[str, Any] = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/api/banking/transactions/", params=asked)).json()
        rows |= {row["id"]: row for row in page["results"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return rows


async def forget_deep_reads(resources: Resources, owner_id: UUID) -> None:
    """Have the next run read everything."""
    async with transaction(resources.sessions, owner_id) as session:
        for account in (await session.execute(select(Account))).scalars():
            account.deep_read_at = None


async def test_an_integrator_that_is_killed_and_repeats_itself_ends_with_our_exact_ledger(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, client: httpx.AsyncClient
) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    connection = await connect(resources, runner, stand_in, owner_id)
    integrator = Integrator(client, chance)

    for _ in range(ROUNDS):
        await disturb(stand_in, resources, connection, chance)
        await forget_deep_reads(resources, owner_id)
        await queue_sync(resources, connection)
        writing = asyncio.create_task(runner.settle())
        while not writing.done():
            await integrator.step()
            await asyncio.sleep(0.03)  # on a slow machine it would else use up what it may ask in a minute
        await writing
    await integrator.catch_up()

    ledger = await listed(client)
    assert integrator.killed and integrator.repeated and integrator.replayed, seed  # noqa: PT018 # it was disturbed
    assert integrator.store.rows.keys() == ledger.keys(), seed
    assert all(integrator.store.rows[row_id].items() >= row.items() for row_id, row in ledger.items()), seed
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)
