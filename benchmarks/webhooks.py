"""Receiving webhooks: proof, inbox and owed row committed with fsync, bell; against a route that does nothing.

Then how soon a change at the bank is heard of.
"""

import json
from statistics import median
from typing import Final
from uuid import uuid4

from benchmarks import live
from benchmarks.api import running_api
from benchmarks.lab import WEBHOOK_SECRET, Database, Lab, say, scaled, spread
from benchmarks.load import UNIQUE, Order, Outcome, put_load, request

CLIENTS: Final = 64
ROUNDS: Final = 5
SECONDS: Final = 3.0 if scaled(100) == 100 else 0.5

_HELLO: Final = [request("GET", "/api/banking/hello/")]


async def run(lab: Lab) -> dict[str, float]:
    """Return the rate of deliveries over that of the greeting, what went wrong, and the way to a client."""
    database = await lab.database()
    deliveries = [_delivery() for _ in range(100)]
    hello: list[Outcome] = []
    ingest: list[Outcome] = []
    async with running_api(database, "benchmarks.greeting:create") as port:
        for requests in (_HELLO, deliveries):
            await put_load(Order(port, CLIENTS, 1.0, requests))  # connections, plans and caches are warm afterwards
        before = await _stored(database)
        for _ in range(ROUNDS):
            hello.append(await put_load(Order(port, CLIENTS, SECONDS, _HELLO)))
            ingest.append(await put_load(Order(port, CLIENTS, SECONDS, deliveries)))
    lost = sum(each.answers for each in ingest) - (await _stored(database) - before)
    return _figures(hello, ingest, lost) | await live.run(lab)


def _figures(hello: list[Outcome], ingest: list[Outcome], lost: int) -> dict[str, float]:
    ratios = [own.rate / other.rate for own, other in zip(ingest, hello, strict=True)]
    say(f"  hello {spread(each.rate for each in hello)}/s; ingest {spread(each.rate for each in ingest)}/s")
    say(f"  ratio {spread(ratios)}; stored and not answered, or the reverse: {lost}")
    return {
        "ingest_vs_hello": round(median(ratios), 3),
        "ingest_errors": sum(each.errors for each in (*hello, *ingest)) + abs(lost),
        "ingest_per_s": round(median(each.rate for each in ingest)),
        "ingest_p99_ms": round(median(each.p99_ms for each in ingest), 1),
    }


def _delivery() -> str:
    body = {
        "event": "transactions/created",
        "eventId": UNIQUE,
        "clientId": "benchmark",
        "itemId": str(uuid4()),
        "accountId": str(uuid4()),
        "clientUserId": str(uuid4()),
        "triggeredBy": "SYNC",
        "transactionsCreatedAtFrom": "2026-06-30T15:04:05.123Z",
        "createdTransactionsLink": f"https://api.pluggy.ai/v2/transactions?accountId={uuid4()}",
    }
    return request("POST", "/api/banking/webhooks/pluggy/", {"X-Webhook-Secret": WEBHOOK_SECRET}, json.dumps(body))


async def _stored(database: Database) -> int:
    """Return how many events stand in the inbox, each with the work it owes."""
    statement = """
        SELECT count(*) FROM webhook_events AS event
        JOIN owed_work AS owed ON owed.kind = 'webhook' AND owed.ref_id = event.id
    """
    async with database.admin() as admin:
        count: int = await admin.fetchval(statement)
    return count
