"""What the stand-in plants and the service finds: precision and recall a kind, over seeds drawn at run time."""

import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import httpx

import worker.jobs  # noqa: F401 # registers them
from app.connections import flow as connections
from app.database import transaction
from app.ids import new_id
from app.owners.models import Owner
from app.resources import Resources
from benchmarks.lab import Database, Lab, child_process, say, scaled
from benchmarks.stand_in import sign_in
from sandbox.stack.children import free_port
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from worker.job import Runner

SEEDS: Final = scaled(3)
HOLDERS: Final = ((2, 0), (4,))
"""Connectors of the stand-in: a household with two banks, and a company."""

_SAME_SERIES: Final = 0.9
"""How much of both a found and a planted series must be common rows."""

Rows = frozenset[str]
Same = Callable[[Rows, Rows], bool]


class Score(NamedTuple):
    """How many were found, how many planted, and how many of either are right."""

    found: int
    planted: int
    right: int
    met: int


async def run(lab: Lab) -> dict[str, float]:
    """Return the worst precision and recall of each kind, wrong transfers and reported decoys over all seeds."""
    scores: dict[str, list[Score]] = {}
    wrong = decoys = 0
    for _ in range(SEEDS):
        seed = secrets.token_hex(8)
        told, found = await _read_everything(lab, seed)
        planted = _planted(told)
        for kind, same in _KINDS.items():
            scores.setdefault(kind, []).append(_score(found[kind], planted[kind], same))
        wrong += len(found["transfers"] - planted["transfers"])
        decoys += sum(_is_reported(decoy, found) for decoy in told["decoys"])
        say(f"  seed {seed}: " + ", ".join(f"{kind} {len(found[kind])}/{len(planted[kind])}" for kind in _KINDS))
    figures: dict[str, float] = {}
    for kind, each in scores.items():
        figures[f"found_{kind}_precision"] = round(min(s.right / s.found if s.found else 1.0 for s in each), 4)
        figures[f"found_{kind}_recall"] = round(min(s.met / s.planted if s.planted else 1.0 for s in each), 4)
    return {**figures, "wrong_transfers": wrong, "reported_decoys": decoys}


def _equal(one: Rows, other: Rows) -> bool:
    return one == other


def _mostly(one: Rows, other: Rows) -> bool:
    return len(one & other) >= _SAME_SERIES * len(one | other)


_KINDS: Final[dict[str, Same]] = {
    "installments": _equal,
    "transfers": _equal,
    "recurring": _mostly,
    "duplicates": _equal,
    "fees": _equal,
}


def _score(found: Collection[Rows], planted: Collection[Rows], same: Same) -> Score:
    right = sum(any(same(one, other) for other in planted) for one in found)
    met = sum(any(same(one, other) for one in found) for other in planted)
    return Score(len(found), len(planted), right, met)


def _planted(told: dict[str, Any]) -> dict[str, set[Rows]]:
    groups = {
        kind: {frozenset(each["transactionIds"]) for each in told[kind]}
        for kind in ("installments", "recurring", "duplicates")
    }
    return groups | {
        "transfers": {frozenset((each["debitId"], each["creditId"])) for each in told["transfers"]},
        "fees": {frozenset((each["transactionId"],)) for each in told["fees"]},
    }


def _is_reported(decoy: dict[str, Any], found: dict[str, set[Rows]]) -> bool:
    """Tell whether rows of a decoy were taken for the fact that they only resemble."""
    rows = set(decoy["transactionIds"])
    if decoy["decoyOf"] in {"fees", "price_rises"}:
        return any(one & rows for one in found[decoy["decoyOf"]])
    return any(one <= rows for one in found[decoy["decoyOf"]])


async def _read_everything(lab: Lab, seed: str) -> tuple[dict[str, Any], dict[str, set[Rows]]]:
    """Return the stand-in's facts and what the service made of the same rows."""
    async with running_sandbox(lab, seed) as (http, database), database.resources() as resources:
        for connectors in HOLDERS:
            await connect(http, resources, connectors)
        told = (await http.get("/_control/truth")).raise_for_status().json()["facts"]
        async with database.admin() as admin:
            return told, await _found(admin)


@asynccontextmanager
async def running_sandbox(lab: Lab, seed: str) -> AsyncIterator[tuple[httpx.AsyncClient, Database]]:
    """Yield a client of a stand-in with these people, signed in, and a database of a service that reads from it."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="banking-bench-sandbox-") as directory,
        child_process("sandbox", "--port", str(port), "--data-dir", directory, "--seed", seed),
    ):
        url = f"http://127.0.0.1:{port}"
        database = await lab.database(
            PLUGGY_BASE_URL=url,
            PLUGGY_CLIENT_ID=DEFAULT_CLIENT_ID,
            PLUGGY_CLIENT_SECRET=DEFAULT_CLIENT_SECRET,
            PLUGGY_USE_SANDBOX="true",
        )
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:
            await sign_in(http)
            yield http, database


async def connect(
    http: httpx.AsyncClient, resources: Resources, connectors: tuple[int, ...]
) -> tuple[UUID, list[UUID]]:
    """Have a new owner connect these banks, and read them; return the owner and the items."""
    owner = Owner(id=new_id(), issuer="https://issuer.example", subject=secrets.token_hex(4))
    async with transaction(resources.sessions, None) as session:
        session.add(owner)
    body = {"parameters": {"user": "user-ok", "password": "password-ok"}, "clientUserId": str(owner.id)}
    items = []
    for connector in connectors:
        answer = await http.post("/items", json={"connectorId": connector, **body})
        items.append(UUID(answer.raise_for_status().json()["id"]))
    (await http.post("/_control/clock", json={"seconds": 60})).raise_for_status()
    for item_id in items:
        await connections.create_from_item(resources, owner.id, item_id)
    await Runner(resources).settle()
    return owner.id, items


async def _found(admin: "asyncpg.Connection[Any]") -> dict[str, set[Rows]]:
    """Return what stands in the tables, by Pluggy's ids."""
    names = {row[0]: str(row[1]) for row in await admin.fetch("SELECT id, pluggy_id FROM transactions")}

    async def read(statement: str) -> Iterator[Rows]:
        rows = await admin.fetch(statement)
        return (frozenset(names[each] for each in row[0]) for row in rows)

    link = "SELECT ARRAY[transaction_id, other_id] FROM transaction_links WHERE kind = '{}' AND state = '{}'"
    parts = await admin.fetch(
        "SELECT plan_id, transaction_id FROM installments WHERE transaction_id IS NOT NULL ORDER BY plan_id"
    )
    plans = (frozenset(names[row[1]] for row in plan) for _, plan in groupby(parts, key=lambda row: row[0]))
    changes = "SELECT ARRAY[(change ->> 'transaction_id')::uuid] FROM recurring_series, jsonb_array_elements"
    return {
        "installments": set(plans),
        "transfers": set(await read(link.format("own_account_transfer", "found"))),
        "recurring": set(await read("SELECT transaction_ids FROM recurring_series")),
        "duplicates": set(await read(link.format("duplicate", "suggested"))),
        "fees": set(await read("SELECT ARRAY[transaction_id] FROM bank_charges")),
        "price_rises": set(await read(f"{changes}(price_changes) AS change")),
    }
