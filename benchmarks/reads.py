"""Reading pages of transactions out of five million rows of 2,000 owners."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import httpx

from app.ids import new_ids
from app.transactions.filters import TransactionFilter
from app.transactions.ingest import Ingest
from benchmarks import facts
from benchmarks.api import running_api
from benchmarks.fill import copies, drop_indexes
from benchmarks.history import PAGE_ROWS, make_history, make_pages
from benchmarks.lab import LIST_LIMIT, Database, Lab, say, scaled, spread
from benchmarks.load import Order, put_load, request
from benchmarks.tenant import Tenant, map_page, store_rows
from sandbox.stack.issuer import AUDIENCE, ISSUER, TokenIssuer, jwks_url

OWNERS: Final = scaled(2_000, least=20)
ROWS: Final = scaled(5_000_000, least=60_000)
LARGE_OWNERS, LARGE_ROWS = scaled(50, least=2), scaled(20_000, least=2_000)
DEEP_PAGE: Final = scaled(1_000, least=20)
CALLERS: Final = 500
"""Of the owners, so many are asked for: a token is verified anew each minute, which is not what is measured."""

CLIENTS: Final = 16
ROUNDS: Final = 5
SECONDS: Final = 3.0 if scaled(100) == 100 else 0.5
ROOT: Final = "/api/banking/"
PATH: Final = f"{ROOT}transactions/?limit={LIST_LIMIT}"

_FRESH: Final = {
    "owner_id": "wanted.owner_id",
    "account_id": "wanted.account_id",
    "id": "uuidv7()",
    "pluggy_id": "gen_random_uuid()",
    "date": "date '2026-06-30' - (nth * 730 / wanted.rows)",
}
_SOURCE: Final = """
FROM wanted CROSS JOIN LATERAL generate_series(0, wanted.rows - 1) AS nth JOIN model ON model.place = nth % {rows}
WHERE wanted.part = $1
"""
_PARTS: Final = 20


@dataclass(frozen=True)
class Caller:
    """An owner and the header that proves it."""

    owner_id: UUID
    headers: dict[str, str]


async def run(lab: Lab) -> dict[str, float]:
    """Return what is found of planted facts, then throughput and depth of the list, against a bare endpoint."""
    found = await facts.run(lab)
    async with _issuer() as (issuer, issuer_url):
        database = await lab.database(
            AUTH_JWKS_URL=issuer_url, AUTH_ISSUER=ISSUER, AUTH_AUDIENCE=AUDIENCE, RATE_LIMIT_READS="1000000"
        )
        await _fill(database)
        callers = await _callers(database, issuer)
        async with running_api(database, "app.main:create_app") as port:
            async with running_api(database, "benchmarks.bare:create") as bare_port:
                figures = await _compare_with_bare(port, bare_port, callers)
            figures |= await _compare_depths(port, callers[0])
            if "q" in TransactionFilter.model_fields:
                figures |= await _compare_search(port, callers[1])
            figures |= await _compare_insights(port, callers[1])
            return found | figures


async def _compare_with_bare(port: int, bare_port: int, callers: list[Caller]) -> dict[str, float]:
    ours = Order(port, CLIENTS, SECONDS, [request("GET", PATH, caller.headers) for caller in callers])
    bare = Order(bare_port, CLIENTS, SECONDS, [request("GET", f"/?owner={each.owner_id}") for each in callers])
    for warm_up in (ours, bare):
        await put_load(warm_up)
    outcomes = [(await put_load(ours), await put_load(bare)) for _ in range(ROUNDS)]
    assert not any(outcome.errors for pair in outcomes for outcome in pair)
    ratios = [own.rate / other.rate for own, other in outcomes]
    say(f"  list {spread(own.rate for own, _ in outcomes)}/s; × bare {spread(ratios)}")
    return {
        "list_vs_bare": round(median(ratios), 3),
        "list_per_s": round(median(own.rate for own, _ in outcomes)),
        "list_p99_ms": round(median(own.p99_ms for own, _ in outcomes), 1),
    }


async def _compare_depths(port: int, caller: Caller) -> dict[str, float]:
    """The largest owner's first page and its page 1,000."""
    cursor = await _cursor_at(port, caller, DEEP_PAGE)
    first, deep = await _by_turns(port, caller, PATH, f"{PATH}&cursor={cursor}")
    say(f"  first page {spread(first)} ms, page {DEEP_PAGE} {spread(deep)} ms")
    return {"list_deep_vs_first": _ratio(deep, first), "list_first_ms": round(median(first), 2)}


async def _compare_search(port: int, caller: Caller) -> dict[str, float]:
    """A search that finds and one that does not, inside an owner of 20,000 rows; the slower one counts."""
    plain, hit, miss = await _by_turns(port, caller, PATH, f"{PATH}&q=padaria", f"{PATH}&q=inexistente")
    say(f"  list {spread(plain)} ms, search with hits {spread(hit)} ms, without {spread(miss)} ms")
    return {"search_vs_list": max(_ratio(hit, plain), _ratio(miss, plain))}


async def _compare_insights(port: int, caller: Caller) -> dict[str, float]:
    """The sums of twelve months and of a month against the six before, of 20,000 rows; the slower one counts."""
    (last,) = await _answers(port, caller, f"{ROOT}transactions/?limit=1")
    month = last["results"][0]["date"][:7]
    paths = (f"{ROOT}insights/cash_flow/?month_to={month}", f"{ROOT}insights/spending/?month={month}")
    for answer in await _answers(port, caller, *paths):
        assert answer["currencies"], "there is something to be summed up"
    plain, *others = await _by_turns(port, caller, PATH, *paths)
    say(f"  list {spread(plain)} ms, cash flow {spread(others[0])} ms, spending {spread(others[1])} ms")
    return {"insights_vs_list": max(_ratio(each, plain) for each in others)}


async def _answers(port: int, caller: Caller, *paths: str) -> list[Any]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=caller.headers, trust_env=False) as http:
        return [(await http.get(path)).raise_for_status().json() for path in paths]


async def _by_turns(port: int, caller: Caller, *paths: str) -> list[list[float]]:
    """Return each path's median milliseconds, round by round, asked for by one client."""
    times: list[list[float]] = [[] for _ in paths]
    for _ in range(ROUNDS):
        for path, kept in zip(paths, times, strict=True):
            outcome = await put_load(Order(port, 1, SECONDS / 2, [request("GET", path, caller.headers)]))
            assert not outcome.errors
            kept.append(outcome.p50_ms)
    return times


def _ratio(these: list[float], those: list[float]) -> float:
    return round(median(this / that for this, that in zip(these, those, strict=True)), 3)


async def _cursor_at(port: int, caller: Caller, page: int) -> str:
    cursor = ""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=caller.headers, trust_env=False) as http:
        for _ in range(page - 1):
            answer = await http.get(PATH + (f"&cursor={cursor}" if cursor else ""))
            cursor = answer.raise_for_status().json()["next_cursor"]
    return cursor


@asynccontextmanager
async def _issuer() -> AsyncIterator[tuple[TokenIssuer, str]]:
    with tempfile.TemporaryDirectory(prefix="banking-bench-key-") as directory:
        issuer = TokenIssuer(Path(directory) / "key.pem")
        async with await issuer.serve() as server:
            yield issuer, jwks_url(server)


async def _callers(database: Database, issuer: TokenIssuer) -> list[Caller]:
    """Return owners to ask for, the largest first."""
    async with database.admin() as admin:
        found = await admin.fetch("SELECT owner_id FROM wanted ORDER BY rows DESC, owner_id LIMIT $1", CALLERS)
        await admin.execute("DROP TABLE wanted")
    return [Caller(row[0], {"authorization": f"Bearer {issuer.token(str(row[0]))}"}) for row in found]


async def _fill(database: Database) -> None:
    async with database.resources() as resources, database.admin() as admin:
        model = await Tenant.make(resources)
        page = map_page(resources, model.reader(), make_pages(make_history(uuid4(), PAGE_ROWS))[0])
        await store_rows(resources, Ingest(resources.vault), model.reader(), page)
        await admin.execute("CREATE TABLE model AS SELECT row_number() OVER () - 1 AS place, * FROM transactions")
        await _make_owners(admin, model)
        definitions = await drop_indexes(admin)
        await admin.execute("SET session_replication_role = replica")  # the references are sound by their making
        statement = await copies(admin, "transactions", _FRESH) + _SOURCE.format(rows=PAGE_ROWS)
        for part in range(_PARTS):
            await admin.execute(statement, part)
            say(f"  rows loaded: part {part + 1} of {_PARTS}")
        await admin.execute("SET maintenance_work_mem = '1GB'")
        for definition in definitions:
            await admin.execute(definition)
        await admin.execute("VACUUM ANALYZE transactions")
        await admin.execute("DROP TABLE model")
        await admin.execute("CHECKPOINT")
    say("  indexes made, vacuumed")


async def _make_owners(admin: "asyncpg.Connection[Any]", model: Tenant) -> None:
    """One with enough rows for the deep page, some large ones, and the rest of the rows shared by all others."""
    ids = new_ids(OWNERS)
    deep = (DEEP_PAGE + 10) * LIST_LIMIT
    rest = (ROWS - deep - LARGE_OWNERS * LARGE_ROWS) // (OWNERS - LARGE_OWNERS - 1)
    counts = [deep] + [LARGE_ROWS] * LARGE_OWNERS + [max(rest, 10)] * (OWNERS - LARGE_OWNERS - 1)
    await admin.execute("CREATE TABLE wanted (owner_id uuid, account_id uuid, rows int, part int)")
    records = zip(ids, new_ids(OWNERS), counts, (at % _PARTS for at in range(OWNERS)), strict=True)
    await admin.copy_records_to_table("wanted", records=records)
    await admin.execute("INSERT INTO owners (id, issuer, subject) SELECT owner_id, $1, owner_id FROM wanted", ISSUER)
    own = {"owner_id": "wanted.owner_id"}
    for table, fresh in (
        ("connections", {**own, "item_id": "gen_random_uuid()"}),
        ("accounts", {**own, "id": "wanted.account_id", "pluggy_id": "gen_random_uuid()"}),
    ):
        head = await copies(admin, table, fresh)
        await admin.execute(f"{head} FROM wanted, {table} AS model WHERE model.owner_id = $1", model.owner_id)
