"""The bank, the network and the service against each other: whatever happens, a settled ledger is the bank's (R78).

Each step is something that happens at the bank, on the way of a webhook, to a worker, or to what a person decided.
Every so often all comes to rest; then the ledger equals the stand-in's truth to the centavo, what the person decided
is where it was put, and a client that only ever followed the feed of changes holds the same rows.

`make test` runs the same 60 examples each time, `make faults` new ones for minutes. STATE_MACHINE_SEED runs those of
one seed again, STATE_MACHINE_SECONDS draws seeds for so long.
"""

import os
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import select

from app.accounts.models import Account
from app.bills.models import Bill
from app.database import transaction
from tests.servers import ServerUrls
from tests.stand_in import held
from tests.sync.decisions import BankRow, Decisions
from tests.sync.invariants import Replica, assert_sound
from tests.sync.world import OWN_CATEGORY, World, its_own_settings

EXAMPLES = 60
STEPS = 5
EXAMPLES_A_SEED = 20
SEED = os.environ.get("STATE_MACHINE_SEED")
SECONDS = float(os.environ.get("STATE_MACHINE_SECONDS", "0"))
FIXED_SEED = 5

picks = st.integers(min_value=0, max_value=10_000)
decisions = st.fixed_dictionaries(
    {"note": st.text(min_size=1, max_size=12, alphabet="abc ção🎉")},
    optional={
        "tags": st.lists(st.sampled_from(["família", "trabalho"]), min_size=1, unique=True),
        "ignored": st.just(True),
        "category_id": st.sampled_from(["11010000", "07010000", OWN_CATEGORY]),
    },
)


class LedgerMachine(RuleBasedStateMachine):
    """One owner's year, in a few steps."""

    world: World
    failures: list[Exception]
    begun = 0

    @initialize(page_size=st.sampled_from([500, 500, 500, 500, 500, 20]), number=picks, decided=decisions)
    def begin(self, page_size: int, number: int, decided: dict[str, Any]) -> None:
        type(self).begun += 1
        self.world.run(self.world.begin(page_size=page_size))
        self.decisions = Decisions()
        self.the_person_decides_about_a_row(number, decided)
        self.closed_early: set[str] = set()
        self.replica = Replica()
        self.were_webhooks_lost = self.is_reconnected = False

    def step(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """What the work returns; the first failure is kept, since Hypothesis may not be able to have it again."""
        try:
            return self.world.run(work())
        except Exception as error:
            self.failures.append(error)
            raise

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        return self.step(lambda: self.world.bank.control(method, path, body, **query))

    def pick(self, number: int, **wanted: str) -> BankRow | None:
        """A row that the bank shows, half of the time one that the person decided about."""
        rows = [row for row in self.step(self.world.bank_rows) if all(getattr(row, k) == v for k, v in wanted.items())]
        decided = [row for row in rows if self.decisions.concern(row)]
        chosen = decided if decided and number % 2 else rows
        return chosen[number // 2 % len(chosen)] if chosen else None

    def restate(self, row: BankRow, body: dict[str, str]) -> None:
        answer = self.control("POST", f"/transactions/{row.id}/restate", body, applyNow=True)
        self.decisions.restated(row.id, answer["ids"][0])

    @rule(days=st.integers(min_value=1, max_value=9))
    def time_passes_at_the_bank(self, days: int) -> None:
        self.step(lambda: self.world.bank.run_item(self.world.connection.item_id, days=days))

    @rule(number=picks, cents=st.integers(min_value=1, max_value=99_999))
    def the_bank_adds_a_row(self, number: int, cents: int) -> None:
        if row := self.pick(number):
            amount = f"{cents // 100}.{cents % 100:02d}"
            new = {
                "date": f"{row.day}T12:00:00.000Z",
                "description": f"Nova {cents}",
                "amount": amount,
                "type": "DEBIT",
            }
            self.control("POST", f"/accounts/{row.account}/transactions", {"rows": [new]}, applyNow=True)

    @rule(number=picks, words=st.sampled_from(["Padaria Açaí", "PIX 🎉", "Mercado"]))
    def the_bank_changes_a_row(self, number: int, words: str) -> None:
        if row := self.pick(number):
            self.control("PATCH", f"/transactions/{row.id}", {"description": words}, applyNow=True)

    @rule(number=picks, days=st.integers(min_value=1, max_value=3))
    def the_bank_restates_a_row(self, number: int, days: int) -> None:
        if row := self.pick(number):
            body = {"date": f"{row.day - timedelta(days=days)}T03:00:00.000Z"}
            self.restate(row, body)

    @rule(number=picks, keeps_its_id=st.booleans())
    def the_bank_posts_a_row(self, number: int, keeps_its_id: bool) -> None:
        if row := self.pick(number, status="PENDING"):
            if keeps_its_id:
                self.control("PATCH", f"/transactions/{row.id}", {"status": "POSTED"}, applyNow=True)
            else:
                self.restate(row, {"status": "POSTED"})

    @rule(number=picks, comes_back=st.booleans())
    def the_bank_removes_a_row(self, number: int, comes_back: bool) -> None:
        if row := self.pick(number):
            ids = {"ids": [row.id]}
            self.control("POST", "/transactions/remove", ids, applyNow=True)
            if comes_back:
                self.step(self.world.rest)
                self.control("POST", "/transactions/restore", ids, applyNow=True)

    @rule(number=picks)
    def the_bank_closes_a_bill(self, number: int) -> None:
        row = self.pick(number, account_type="CREDIT")
        if row and row.account not in self.closed_early:  # a bill is closed once before its day
            self.closed_early.add(row.account)
            self.control("POST", f"/accounts/{row.account}/close-bill")
            self.step(lambda: self.world.bank.run_item(self.world.connection.item_id))

    @rule(kind=st.sampled_from(["drop", "duplicate", "shuffle"]), event=st.sampled_from(["transactions/*", "*"]))
    def webhooks_fare_badly(self, kind: str, event: str) -> None:
        self.were_webhooks_lost = self.were_webhooks_lost or kind == "drop"
        self.control("POST", "/webhook-rules", {"kind": kind, "event": event, "remaining": 2})

    @rule(number=picks, decided=decisions)
    def the_person_decides_about_a_row(self, number: int, decided: dict[str, Any]) -> None:
        rows = [row for row in self.step(self.world.our_rows) if row.is_live]
        row = rows[number % len(rows)]
        self.decisions.made(row, self.step(lambda: self.world.annotate(row.id, decided)))

    @rule(transactions=st.integers(min_value=1, max_value=60), whole=st.booleans())
    def a_worker_is_killed_in_mid_sync(self, transactions: int, whole: bool) -> None:
        self.step(lambda: self.world.die_in_mid_sync(transactions, whole=whole))

    @rule()
    def the_item_is_lost_and_the_person_connects_anew(self) -> None:
        self.settle()
        self.step(lambda: self.world.bank.api("DELETE", f"/items/{self.world.connection.item_id}"))
        self.step(self.world.rest)
        self.step(self._connect_anew)

    @rule()
    def the_consent_is_revoked_and_the_person_connects_anew(self) -> None:
        self.settle()
        self.step(self._read_without_consent)
        self.step(self._connect_anew)

    async def _connect_anew(self) -> None:
        before = await self.world.our_rows()
        await self.world.connect()
        self.is_reconnected = True
        self.decisions.check_taken_over(before, await self.world.our_rows(), await self.world.bank_rows())

    async def _read_without_consent(self) -> None:
        world = self.world
        before = await held(world.resources.sessions, world.owner_id, world.connection.id)
        await world.bank.control("POST", f"/items/{world.connection.item_id}/consent/revoke")
        run = await world.sync(whole=True)
        assert (run.status, run.error_code, run.removed) == ("failed", "consent_invalid", 0)
        assert await held(world.resources.sessions, world.owner_id, world.connection.id) == before

    @rule()
    def settle(self) -> None:
        note("settled")
        self.step(self._settle)

    async def _settle(self) -> None:
        world = self.world
        run = await world.sync(whole=self.were_webhooks_lost)
        await world.bank.control("DELETE", "/webhook-rules")
        self.were_webhooks_lost = False
        assert (run.status, run.warnings) == ("succeeded", []), (run.error_code, run.error_detail)
        await assert_sound(
            world.resources,
            world.bank,
            world.owner_id,
            world.connection,
            replica=self.replica,
            is_reconnected=self.is_reconnected,
        )
        self.decisions.check(
            await world.our_rows(), await world.bank_rows(), unclear=await world.rows_that_could_be_several()
        )
        await self._check_bills()

    async def _check_bills(self) -> None:
        """Every bill of the bank is ours to the centavo; those that only a former item listed stay, none doubled."""
        told = await self.world.bank.control("GET", "/truth", itemId=str(self.world.connection.item_id))
        wanted = {
            (bill["id"], bill["dueDate"], bill["totalAmount"])
            for item in told["items"]
            for account in item["accounts"]
            for bill in account["bills"]
        }
        bills = select(Bill.pluggy_id, Bill.due_date, Bill.total_amount, Bill.account_id)
        ours = bills.join(Account, Account.id == Bill.account_id).where(
            Account.connection_id == self.world.connection.id, Bill.unlisted_at.is_(None)
        )
        async with transaction(self.world.resources.sessions, self.world.owner_id) as session:
            found = (await session.execute(ours)).all()
        assert wanted <= {(str(row.pluggy_id), str(row.due_date), f"{row.total_amount:.4f}") for row in found}
        assert len(found) == len({(row.account_id, row.due_date) for row in found})

    def teardown(self) -> None:
        if hasattr(self, "replica"):
            self.settle()


def test_whatever_happens_a_settled_ledger_is_the_banks(
    server_urls: ServerUrls, database_name: str, valkey_url: str, record_property: Callable[[str, object], None]
) -> None:
    """R10, R19, R20, R22, R23, R24, R25, R26, R32, R33, R34, R43, R78"""
    with World(its_own_settings(server_urls, database_name, valkey_url)) as world:
        machine = type("Machine", (LedgerMachine,), {"world": world, "failures": [], "begun": 0})
        first = int(SEED) if SEED else random.randrange(10**9) if SECONDS else FIXED_SEED
        last, ends_at = first, time.monotonic() + SECONDS
        try:
            run(machine, first, EXAMPLES_A_SEED if SEED or SECONDS else EXAMPLES)
            while time.monotonic() < ends_at:
                last += 1
                run(machine, last, EXAMPLES_A_SEED)
        finally:
            record_property("examples", machine.begun)
            record_property("seeds", f"{first} to {last}")


def run(machine: Any, number: int, examples: int) -> None:
    """Run the examples of one seed; a failure says how to have them again."""
    try:
        run_state_machine_as_test(seed(number)(machine), settings=hypothesis_settings(examples))
    except BaseException as failure:
        error = machine.failures[0] if machine.failures else failure
        error.add_note(
            f"Again: STATE_MACHINE_SEED={number} .venv/bin/python -m pytest tests/sync/test_state_machine.py"
        )
        raise


def hypothesis_settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],  # shrinking costs minutes an example; the steps are printed whole
    )
