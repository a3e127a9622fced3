"""A storm of deliveries while PostgreSQL crashes and workers are killed: a case of `make faults`."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from app.accounts.models import Account
from app.connections.models import BankConnection
from app.database import transaction
from app.resources import Resources, open_resources
from app.settings import Settings
from app.transactions.models import Transaction
from app.webhooks.models import WebhookEvent
from sandbox.stack.children import free_port
from sandbox.stack.postgres import PostgresServer
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.conftest import add_owner
from tests.database import migrate
from tests.http_support import make_settings
from tests.stand_in import StandIn, assert_equal_to_truth
from tests.sync.support import connect
from tests.webhooks.support import PATH, PROOF, SECRET, event_of
from tests.worker.test_process import ROOT, Workers, environment
from worker.job import Runner

EVENTS = int(os.environ.get("STORM_EVENTS", "0"))
CONNECTIONS = 3
TOUCHED = 10
"""Rows of each connection that the bank changes, and as many that it removes, and adds."""

SENDERS = 48
OTHERS = ("payment_intent/completed", "scheduled_payment/created", "weather/changed", "connector.status_updated")

pytestmark = pytest.mark.skipif(not EVENTS, reason="a case of `make faults`: minutes long")


@dataclass
class Storm:
    """What is sent, and what was said to it."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    expected: dict[str, set[str]] = field(default_factory=dict)
    """What may become of each event, by its id."""

    acknowledged: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0

    def add(self, body: dict[str, Any], *outcomes: str) -> None:
        self.bodies.append(body)
        self.expected[body["eventId"]] = set(outcomes)


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A server of this test's own, crash-safe as in production."""
    with tempfile.TemporaryDirectory(prefix="banking-storm-") as directory:
        Path(directory).chmod(0o755)
        server = PostgresServer(Path(directory) / "postgres")
        server.start()
        try:
            migrate(server.url("banking_owner"))
            yield server
        finally:
            server.stop()


@pytest.fixture
async def resources(
    postgres: PostgresServer, valkey_url: str, stand_in: StandIn, stand_in_port: int
) -> AsyncIterator[Resources]:
    """Resources on that server."""
    settings = make_settings(
        database_url=postgres.url("banking_app"),
        redis_url=valkey_url,
        pluggy_base_url=f"http://127.0.0.1:{stand_in_port}",
        pluggy_client_id=DEFAULT_CLIENT_ID,
        pluggy_client_secret=DEFAULT_CLIENT_SECRET,
        pluggy_use_sandbox=True,
    )
    async with open_resources(settings, statement_ms=10_000) as opened:
        yield opened
        await opened.redis.flushdb()


def launch(settings: Settings, port: int) -> subprocess.Popen[bytes]:
    """The API as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app", "--port", str(port), "--no-access-log"],
        cwd=ROOT,
        env=environment(settings, PLUGGY_WEBHOOK_SECRET=SECRET),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """Yield the address of that process once it answers."""
    port = free_port()
    process = launch(settings, port)
    try:
        async with asyncio.timeout(30), httpx.AsyncClient() as http:
            while True:
                with suppress(httpx.TransportError):
                    if (await http.get(f"http://127.0.0.1:{port}/healthz")).is_success:
                        break
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


async def rows_of(resources: Resources, connection: BankConnection) -> list[Transaction]:
    """The posted rows of the connection's first bank account."""
    statement = (
        select(Transaction)
        .join(Account, (Account.owner_id == Transaction.owner_id) & (Account.id == Transaction.account_id))
        .where(Account.connection_id == connection.id, Account.type == "BANK", Transaction.status == "POSTED")
        .order_by(Account.pluggy_id, Transaction.date.desc(), Transaction.id)
    )
    async with transaction(resources.sessions, connection.owner_id) as session:
        found = list((await session.execute(statement)).scalars())
    return [row for row in found if row.account_id == found[0].account_id]


async def touch(stand_in: StandIn, resources: Resources, connection: BankConnection, storm: Storm) -> list[UUID]:
    """Have the bank change, remove and add rows, tell of each in the storm, and return the changed and removed ones."""
    rows = (await rows_of(resources, connection))[: 2 * TOUCHED]
    async with transaction(resources.sessions, connection.owner_id) as session:
        account = (await session.execute(select(Account).where(Account.id == rows[0].account_id))).scalar_one()
    named = {"itemId": str(connection.item_id), "accountId": str(account.pluggy_id)}
    for number, row in enumerate(rows):
        pluggy_id = str(row.pluggy_id)
        if number % 2:
            await stand_in.control("POST", "/transactions/remove", {"ids": [pluggy_id]}, applyNow=True)
            storm.add(event_of("transactions/deleted", transactionIds=[pluggy_id], **named), "handled")
        else:
            change = {"description": f"Restaurante {number}"}
            await stand_in.control("PATCH", f"/transactions/{pluggy_id}", change, applyNow=True)
            storm.add(event_of("transactions/updated", transactionIds=[pluggy_id], **named), "handled")
    new = [{"date": "2026-06-01T15:00:00.000Z", "description": f"Novo {at}", "amount": -at} for at in range(1, 11)]
    await stand_in.control("POST", f"/accounts/{account.pluggy_id}/transactions", {"rows": new}, applyNow=True)
    storm.add(event_of("transactions/created", transactionsCount=len(new), **named), "handled")
    return [row.id for row in rows]


def fill(storm: Storm, connections: list[BankConnection], chance: random.Random) -> None:
    """Add what else Pluggy sends: states of the items, events of others' items, and what has no effect."""
    while len(storm.bodies) < EVENTS:
        kind = chance.random()
        if kind < 0.6:
            storm.add(event_of("item/updated", itemId=str(chance.choice(connections).item_id)), "handled")
        elif kind < 0.8:
            storm.add(event_of("item/updated", itemId=str(uuid4())), "orphan")
        else:
            storm.add(event_of(chance.choice(OTHERS)), "ignored", "handled")


async def send_all(storm: Storm, address: str, order: list[dict[str, Any]], progress: Callable[[int], None]) -> None:
    """Deliver all, each until it is acknowledged, as a sender does that gives up on nothing."""
    waiting, done = iter(order), 0

    async def send() -> None:
        nonlocal done
        # a client each: many requests at once through one pool wait for the pool, not for us
        async with httpx.AsyncClient(base_url=address, timeout=10, verify=False, trust_env=False) as http:
            for body in waiting:
                while not await accepted(storm, http, body):
                    await asyncio.sleep(0.2)
                done += 1
                progress(done)

    await asyncio.gather(*(send() for _ in range(SENDERS)))


async def accepted(storm: Storm, http: httpx.AsyncClient, body: dict[str, Any]) -> bool:
    began = time.monotonic()
    try:
        answer = await http.post(PATH, json=body, headers=PROOF)
    except httpx.TransportError as error:
        storm.refused[type(error).__name__] += 1
        return False
    storm.slowest = max(storm.slowest, time.monotonic() - began)
    if answer.status_code == 202:
        storm.acknowledged.add(body["eventId"])
        return True
    storm.refused[str(answer.status_code)] += 1
    assert answer.status_code == 503, answer.text  # R3: our own fault is never answered 4xx
    return False


async def crash(postgres: PostgresServer) -> float:
    """End PostgreSQL as a crash does, start it again, and return for how many seconds it was away."""
    assert postgres.child is not None
    began = time.monotonic()
    postgres.child.send_signal(signal.SIGQUIT)
    await asyncio.to_thread(postgres.child.wait)
    await asyncio.to_thread(postgres.start)
    return time.monotonic() - began


async def settled(resources: Resources, *, seconds: float) -> None:
    """Return when nothing of the storm is owed any more."""
    owed = text("SELECT count(*) FROM owed_work WHERE kind IN ('webhook', 'sync')")
    left = -1
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while left:
                with suppress(SQLAlchemyError, OSError):
                    async with transaction(resources.sessions, None) as session:
                        left = int((await session.execute(owed)).scalar_one())
                await asyncio.sleep(0.5)
    assert left == 0, f"{left} pieces of work are still owed"


async def test_no_acknowledged_event_is_lost_and_each_has_one_effect(
    resources: Resources,
    postgres: PostgresServer,
    stand_in: StandIn,
    record_property: Callable[[str, object], None],
) -> None:
    """R1, R2, R3, R9, R78: deliveries doubled and shuffled, PostgreSQL crashed once, the worker killed twice."""
    seed = random.randrange(2**32)
    chance, storm = random.Random(seed), Storm()
    runner = Runner(resources)
    owners = [await add_owner(resources.sessions, f"owner-{number}") for number in range(CONNECTIONS)]
    connections = [await connect(resources, runner, stand_in, owner_id) for owner_id in owners]
    touched = [await touch(stand_in, resources, each, storm) for each in connections]
    fill(storm, connections, chance)
    order = [*storm.bodies, *storm.bodies]
    chance.shuffle(order)
    workers = Workers(resources.settings)
    faults: list[asyncio.Task[float]] = []
    running = [workers.start()]

    def progress(done: int) -> None:
        if done in {len(order) // 4, len(order) * 3 // 4}:
            running[-1].kill()
            running.append(workers.start())
        if done == len(order) // 2:
            faults.append(asyncio.create_task(crash(postgres)))

    try:
        async with serving(resources.settings) as address:
            began = time.monotonic()
            await send_all(storm, address, order, progress)
            sent = time.monotonic() - began
            away = await faults[0]
            await settled(resources, seconds=120)
    finally:
        workers.end()

    assert (len(running), len(faults)) == (3, 1)
    async with transaction(resources.sessions, None) as session:
        held = {row.event_id: row.status for row in (await session.execute(select(WebhookEvent))).scalars()}
        rows = await session.scalar(select(text("count(*)")).select_from(WebhookEvent))
    assert rows == len(storm.bodies)
    assert storm.acknowledged == set(storm.expected) == set(held)
    assert [each for each, status in held.items() if status not in storm.expected[each]] == []
    runs = 0
    for connection, ids in zip(connections, touched, strict=True):
        await assert_equal_to_truth(stand_in, resources.sessions, connection.owner_id, connection)
        async with transaction(resources.sessions, connection.owner_id) as session:
            told = await session.execute(
                text("SELECT transaction_id, kind FROM transaction_revisions WHERE run_id IS NOT NULL")
            )
            revisions = Counter((row.transaction_id, row.kind) for row in told)
            runs += await session.scalar(text("SELECT count(*) FROM sync_runs WHERE trigger = 'webhook'")) or 0
        assert {row_id for row_id, _ in revisions} == set(ids)
        assert set(revisions.values()) == {1}
    figures = {
        "seed": seed,
        "deliveries": len(order),
        "unique": len(held),
        "refused": dict(storm.refused),
        "seconds": round(sent, 1),
        "slowest_answer_seconds": round(storm.slowest, 2),
        "postgresql_away_seconds": round(away, 2),
        "runs": runs,
    }
    for name, value in figures.items():
        record_property(name, value)
