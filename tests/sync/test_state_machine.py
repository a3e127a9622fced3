"""The bank, the network and the service against each other: whatever happens, a settled ledger is the bank's (R78).

Each step is something that happens at the bank, on the way of a webhook, to a worker, or to a person's notes. Every so
often all comes to rest; then the ledger equals the stand-in's truth to the centavo, what the person wrote is where it
was written, and a client that only ever followed the feed of changes holds the same rows.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import select, text

from app.connections import flow as connections
from app.connections.models import BankConnection
from app.database import transaction
from app.main import create_app
from app.resources import Resources, open_resources
from app.settings import Settings
from app.sync import service as syncs
from app.sync.models import SyncTrigger
from app.transactions import service as transactions
from app.transactions.models import Transaction
from sandbox.stack.children import free_port
from sandbox.stack.compare import differences
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.conftest import add_owner
from tests.database import empty
from tests.http_support import make_settings
from tests.servers import ServerUrls
from tests.stand_in import StandIn, held, running_stand_in
from worker.job import Runner

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "0"))
STEPS = 8
SECRET = "a-webhook-secret-of-32-bytes-or-more"
picks = st.integers(min_value=0, max_value=10_000)


class World:
    """Bank, service and one owner, in an event loop of their own that runs only while a step does."""

    def __init__(self, settings: Settings, superuser_url: str) -> None:
        self._settings = settings
        self._superuser_url = superuser_url
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()

    def run(self, work: Awaitable[Any]) -> Any:
        async def step() -> Any:
            return await work

        return self._runner.run(step())

    def __enter__(self) -> "World":
        self.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._stack.aclose())
        self._runner.close()

    async def _open(self) -> None:
        self.resources: Resources = await self._stack.enter_async_context(
            open_resources(self._settings, statement_ms=10_000)
        )
        port = int(str(self._settings.pluggy.base_url).rsplit(":", 1)[1].strip("/"))
        self.bank: StandIn = await self._stack.enter_async_context(running_stand_in(port))
        api = uvicorn.Server(
            uvicorn.Config(create_app(self._settings), port=free_port(), log_level="warning", access_log=False)
        )
        serving = asyncio.create_task(api.serve())
        while not api.started:
            await asyncio.sleep(0.01)
        self.inbox = f"http://127.0.0.1:{api.config.port}/api/banking/webhooks/pluggy/"

        async def stop() -> None:
            api.should_exit = True
            await serving

        self._stack.push_async_callback(stop)

    async def begin(self) -> None:
        """A new owner with one synced connection, and a bank that forgets everything else."""
        await empty(self._superuser_url)
        await self.resources.redis.flushdb()
        await self.bank.reset()
        await self.bank.control("PATCH", "/settings", {"historyMonths": 2, "transactionsPageSize": 40})
        await self.bank.api(
            "POST", "/webhooks", {"url": self.inbox, "event": "all", "headers": {"X-Webhook-Secret": SECRET}}
        )
        self.owner_id = await add_owner(self.resources.sessions, "ana")
        self.worker = Runner(self.resources)
        await self.connect()

    async def connect(self) -> None:
        item_id = await self.bank.make_item(self.owner_id)
        await connections.create_from_item(self.resources, self.owner_id, item_id)
        async with transaction(self.resources.sessions, self.owner_id) as session:
            made = await session.execute(select(BankConnection).where(BankConnection.item_id == item_id))
            self.connection: BankConnection = made.scalar_one()
        await self.rest()

    async def rest(self) -> None:
        """Let every webhook arrive and everything owed be done."""
        for _ in range(4):
            await self.bank.control("POST", "/clock", {"seconds": 1})
            await asyncio.sleep(0.02)
            async with transaction(self.resources.sessions, None) as session:
                await session.execute(
                    text("UPDATE owed_work SET due_at = now() WHERE kind <> 'schedule' AND due_at < 'infinity'")
                )
            await self.worker.settle()

    async def sync(self, *, whole: bool) -> Any:
        async with transaction(self.resources.sessions, self.owner_id) as session:
            if whole:
                await session.execute(text("UPDATE accounts SET deep_read_at = NULL"))
            run = await syncs.request_sync(session, self.owner_id, self.connection.id, trigger=SyncTrigger.RECONCILE)
        await self.rest()
        async with transaction(self.resources.sessions, self.owner_id) as session:
            return await syncs.get(session, self.owner_id, run.id)

    async def rows(self) -> list[Transaction]:
        """Live rows, in an order that a seed repeats."""
        async with transaction(self.resources.sessions, self.owner_id) as session:
            found = select(Transaction).where(Transaction.removed_at.is_(None))
            return list((await session.execute(found.order_by(Transaction.date, Transaction.pluggy_id))).scalars())

    async def annotate(self, row_id: UUID, words: str) -> None:
        async with transaction(self.resources.sessions, self.owner_id) as session:
            await transactions.annotate(session, self.owner_id, row_id, {"note": words})


class Replica:
    """An integrator that knows nothing but the feed of changes."""

    def __init__(self) -> None:
        self.rows: dict[UUID, Any] = {}
        self._place = (0, UUID(int=0))

    async def follow(self, world: World) -> None:
        while True:
            async with transaction(world.resources.sessions, world.owner_id) as session:
                page = await transactions.list_changes(session, world.owner_id, after=self._place, limit=50)
            for line in (*page.added, *page.modified):
                self.rows[line.id] = line
            for line in page.removed:
                self.rows.pop(line.id, None)
            assert page.place >= self._place
            self._place = page.place
            if not page.has_more:
                return


class LedgerMachine(RuleBasedStateMachine):
    """One owner's year, in a few steps."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.world.run(self.world.begin())
        self.notes: dict[UUID, str] = {}
        self.replica = Replica()
        self.is_connected = True
        self.were_webhooks_lost = False

    def step(self, work: Callable[[], Awaitable[Any]]) -> Any:
        return self.world.run(work())

    def pick(self, number: int) -> Transaction:
        rows = self.step(self.world.rows)
        return rows[number % len(rows)]

    @precondition(lambda self: self.is_connected)
    @rule(days=st.integers(min_value=1, max_value=9))
    def time_passes_at_the_bank(self, days: int) -> None:
        self.step(lambda: self.world.bank.run_item(self.world.connection.item_id, days=days))

    @precondition(lambda self: self.is_connected)
    @rule(number=picks, cents=st.integers(min_value=1, max_value=99_999))
    def the_bank_adds_a_row(self, number: int, cents: int) -> None:
        row = self.pick(number)
        account = self.step(lambda: self._account(row.account_id))
        body = {
            "rows": [
                {
                    "date": f"{row.date}T12:00:00.000Z",
                    "description": f"Nova {cents}",
                    "amount": cents / 100,
                    "type": "DEBIT",
                }
            ]
        }
        self.step(lambda: self.world.bank.control("POST", f"/accounts/{account}/transactions", body, applyNow=True))

    async def _account(self, account_id: UUID) -> str:
        async with transaction(self.world.resources.sessions, self.world.owner_id) as session:
            found = await session.execute(text("SELECT pluggy_id FROM accounts WHERE id = :id"), {"id": account_id})
            return str(found.scalar_one())

    @precondition(lambda self: self.is_connected)
    @rule(number=picks, words=st.sampled_from(["Padaria Açaí", "PIX 🎉", "Mercado"]))
    def the_bank_changes_a_row(self, number: int, words: str) -> None:
        path = f"/transactions/{self.pick(number).pluggy_id}"
        self.step(lambda: self.world.bank.control("PATCH", path, {"description": words}, applyNow=True))

    @precondition(lambda self: self.is_connected)
    @rule(number=picks, days=st.integers(min_value=1, max_value=3))
    def the_bank_restates_a_row(self, number: int, days: int) -> None:
        row = self.pick(number)
        body = {"date": f"{row.date - timedelta(days=days)}T03:00:00.000Z"}
        path = f"/transactions/{row.pluggy_id}/restate"
        self.step(lambda: self.world.bank.control("POST", path, body, applyNow=True))

    @precondition(lambda self: self.is_connected)
    @rule(number=picks, comes_back=st.booleans())
    def the_bank_removes_a_row(self, number: int, comes_back: bool) -> None:
        ids = {"ids": [str(self.pick(number).pluggy_id)]}
        self.step(lambda: self.world.bank.control("POST", "/transactions/remove", ids, applyNow=True))
        if comes_back:
            self.step(self.world.rest)
            self.step(lambda: self.world.bank.control("POST", "/transactions/restore", ids, applyNow=True))

    @rule(kind=st.sampled_from(["drop", "duplicate", "shuffle"]))
    def webhooks_fare_badly(self, kind: str) -> None:
        self.were_webhooks_lost = self.were_webhooks_lost or kind == "drop"
        body = {"kind": kind, "event": "transactions/*", "remaining": 2}
        self.step(lambda: self.world.bank.control("POST", "/webhook-rules", body))

    @rule(number=picks, words=st.text(min_size=1, max_size=12, alphabet="abc ção🎉"))
    def the_person_writes_a_note(self, number: int, words: str) -> None:
        row = self.pick(number)
        self.step(lambda: self.world.annotate(row.id, words))
        self.notes[row.id] = words

    @precondition(lambda self: self.is_connected)
    @rule(waits=st.integers(min_value=1, max_value=40))
    def a_worker_is_cut_off_in_mid_sync(self, waits: int) -> None:
        self.step(lambda: self._cut_off(waits))

    async def _cut_off(self, waits: int) -> None:
        async with transaction(self.world.resources.sessions, self.world.owner_id) as session:
            await syncs.request_sync(session, self.world.owner_id, self.world.connection.id, trigger=SyncTrigger.API)
        doomed = Runner(self.world.resources)
        await doomed.drain_all()
        for _ in range(waits):
            await asyncio.sleep(0.002)
        await doomed.stop()

    @precondition(lambda self: self.is_connected)
    @rule()
    def the_item_is_lost_and_the_person_connects_anew(self) -> None:
        self.settle()
        self.step(lambda: self.world.bank.api("DELETE", f"/items/{self.world.connection.item_id}"))
        self.step(self.world.rest)
        self.step(self.world.connect)

    @rule()
    def settle(self) -> None:
        self.step(self.world.rest)
        run = self.step(lambda: self.world.sync(whole=self.were_webhooks_lost))
        self.were_webhooks_lost = False
        note(f"run {run.status} {run.warnings}")
        assert run.status == "succeeded", (run.status, run.error_code, run.warnings)
        truth = self.step(lambda: self.world.bank.truth(self.world.connection.item_id))
        ours = self.step(lambda: held(self.world.resources.sessions, self.world.owner_id, self.world.connection.id))
        assert differences(truth, ours) == []
        self.step(self._check_notes)
        self.step(lambda: self.replica.follow(self.world))
        live = {row.id: row for row in self.step(self.world.rows)}
        assert self.replica.rows.keys() == live.keys()
        assert all(self.replica.rows[key].note == row.note for key, row in live.items())
        assert all(self.replica.rows[key].pluggy_id == row.pluggy_id for key, row in live.items())

    async def _check_notes(self) -> None:
        """Every note is on the row it was written on, live or parked, and on no other."""
        async with transaction(self.world.resources.sessions, self.world.owner_id) as session:
            found = await session.execute(select(Transaction.id, Transaction.note).where(Transaction.note.is_not(None)))
            assert {row.id: row.note for row in found} == self.notes

    def teardown(self) -> None:
        if hasattr(self, "notes"):
            self.settle()


@pytest.mark.skipif(not EXAMPLES, reason="minutes long: `make faults` runs it, or set STATE_MACHINE_EXAMPLES")
def test_whatever_happens_a_settled_ledger_is_the_banks(
    server_urls: ServerUrls, database_name: str, valkey_url: str
) -> None:
    """R22, R23, R32, R33, R78"""
    port = free_port()  # the stand-in of the other tests may be serving on theirs
    its_own = make_settings(
        database_url=server_urls.postgres("banking_app", database_name),
        redis_url=valkey_url,
        pluggy_base_url=f"http://127.0.0.1:{port}",
        pluggy_client_id=DEFAULT_CLIENT_ID,
        pluggy_client_secret=DEFAULT_CLIENT_SECRET,
        pluggy_use_sandbox=True,
        pluggy_webhook_secret=SECRET,
    )
    with World(its_own, server_urls.postgres("postgres", database_name)) as world:
        machine = type("Machine", (LedgerMachine,), {"world": world})
        run_state_machine_as_test(machine, settings=hypothesis_settings())


def hypothesis_settings() -> Any:
    return settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        derandomize=False,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # shrinking costs minutes an example; the steps are printed whole
    )
