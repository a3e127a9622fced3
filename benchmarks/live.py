"""From a change at the bank to a client that listens: stand-in, API and worker, each a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from statistics import median
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import httpx

from app.clock import utc_now
from app.events.tickets import make_ticket
from app.http import API_ROOT
from app.owners.principal import DEFAULT_SCOPES, Principal
from benchmarks.api import running_api
from benchmarks.facts import connect, running_sandbox
from benchmarks.lab import WEBHOOK_SECRET, Database, Lab, say, scaled, spread
from sandbox.stack.webhook import register_webhook

CHANGES: Final = scaled(10, least=2)
_VISIT_SECONDS: Final = 60
_LONGEST, _LONGEST_CHANGE = 60, 10

_FOLLOWED: Final = """
    SELECT min(event.received_at) AS received_at, run.started_at, run.finished_at
    FROM webhook_events AS event, sync_runs AS run
    WHERE event.received_at >= $1 AND run.started_at >= $1 AND run.inserted > 0
    GROUP BY run.owner_id, run.id
"""
_PENDING: Final = "SELECT count(*) FROM owed_work WHERE kind IN ('webhook', 'sync')"


class Passage(NamedTuple):
    """When one change was made, told to us, read, stored and heard of."""

    changed_at: datetime
    received_at: datetime
    started_at: datetime
    finished_at: datetime
    heard_at: datetime

    def parts(self) -> dict[str, float]:
        """Return the milliseconds of the whole way and of each part of it."""
        names = ("change_to_webhook_ms", "webhook_to_run_ms", "run_ms", "run_to_stream_ms")
        spans = {name: later - earlier for name, earlier, later in zip(names, self, self[1:], strict=False)}
        spans["change_to_stream_ms"] = self.heard_at - self.changed_at
        return {name: span.total_seconds() * 1000 for name, span in spans.items()}


async def run(lab: Lab) -> dict[str, float]:
    """Return the median time from a bank's new transaction to the event on a stream, with its parts."""
    async with running_sandbox(lab, "live") as (bank, database), database.resources() as resources:
        owner_id, [item_id] = await connect(bank, resources, (2,))
        caller = Principal(owner_id, DEFAULT_SCOPES, "person")
        async with running_api(database, "app.main:create_app") as port:
            api = f"http://127.0.0.1:{port}"
            await register_webhook(
                str(bank.base_url), f"{api}{API_ROOT}webhooks/pluggy/", {"X-Webhook-Secret": WEBHOOK_SECRET}
            )
            ticket, _ = make_ticket(resources.vault, caller, now=utc_now())
            with database.process("worker"):
                async with _listening(api, ticket) as heard:
                    passages = await _make_changes(bank, database, item_id, heard)
    told = [passage.parts() for passage in passages]
    for name in told[0]:
        say(f"  {name}: {spread(each[name] for each in told)}")
    return {name: round(median(each[name] for each in told), 1) for name in told[0]}


@asynccontextmanager
async def _listening(api: str, ticket: str) -> AsyncIterator[asyncio.Queue[datetime]]:
    """Yield the moments at which a client of the stream hears that transactions changed."""
    heard: asyncio.Queue[datetime] = asyncio.Queue()
    begun = asyncio.Event()

    async def listen() -> None:
        path = f"{api}{API_ROOT}events/stream/browser/"
        async with (
            httpx.AsyncClient(trust_env=False, timeout=None) as http,
            http.stream("GET", path, params={"ticket": ticket, "type": "transactions.changed"}) as answer,
        ):
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                begun.set()
                if line.startswith("data:"):
                    heard.put_nowait(utc_now())

    async with asyncio.timeout(_LONGEST + _LONGEST_CHANGE * CHANGES), asyncio.TaskGroup() as group:
        listening = group.create_task(listen())
        await begun.wait()
        yield heard
        listening.cancel()


async def _make_changes(
    bank: httpx.AsyncClient, database: Database, item_id: UUID, heard: asyncio.Queue[datetime]
) -> list[Passage]:
    """Have the bank book one transaction after another, each met by a visit of Pluggy's, and see it arrive."""
    passages: list[Passage] = []
    accounts = (await bank.get("/accounts", params={"itemId": str(item_id)})).raise_for_status().json()["results"]
    async with database.admin() as admin:
        for number in range(1 + CHANGES):
            row = {"date": utc_now().isoformat(), "description": f"Padaria {number}", "amount": -1 - number}
            path = f"/_control/accounts/{accounts[0]['id']}/transactions"
            (await bank.post(path, json={"rows": [row]})).raise_for_status()
            (await bank.post(f"/_control/items/{item_id}/sync")).raise_for_status()
            changed_at = utc_now()
            (await bank.post("/_control/clock", json={"seconds": _VISIT_SECONDS})).raise_for_status()
            heard_at = await heard.get()
            passages.append(Passage(changed_at, *await admin.fetchrow(_FOLLOWED, changed_at), heard_at))
            await _let_pass(admin)
    return passages[1:]  # whatever is made once was made for the first


async def _let_pass(admin: "asyncpg.Connection[Any]") -> None:
    """Wait until nothing more follows, and let the time go by in which a connection has few runs only."""
    while await admin.fetchval(_PENDING):  # noqa: ASYNC110 # no event tells that nothing is owed
        await asyncio.sleep(0.05)
    await admin.execute("UPDATE sync_runs SET created_at = created_at - interval '1 minute'")
