"""The stand-in with a thousand items and a million transactions: the time of a page, and the memory it takes."""

import asyncio
import tempfile
import time
from contextlib import suppress
from statistics import median
from typing import Any, Final

import httpx

from benchmarks.first_sync import peak_mib
from benchmarks.lab import Lab, child_process, say, scaled, spread
from sandbox.stack.children import free_port
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET

ITEMS: Final = scaled(1_000, least=10)
PEOPLE: Final = "user-ok-perf-2"
HISTORY_MONTHS: Final = 7
"""Of a busy household: about a thousand transactions an item, more than a page of them in one account."""

_SEASON: Final = 3_600
_START_SECONDS: Final = 20


async def run(_: Lab) -> dict[str, float]:
    """Return the median time of a page of 500 and the largest resident size."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="banking-bench-stand-in-") as directory,
        child_process("sandbox", "--port", str(port), "--data-dir", directory) as child,
    ):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
            await sign_in(http)
            settings = {"historyMonths": HISTORY_MONTHS}
            (await http.patch("/_control/settings", json=settings)).raise_for_status()
            items = [await _make_item(http, number) for number in range(ITEMS)]
            await http.post("/_control/clock", json={"seconds": _SEASON})
            say(f"  {ITEMS} items are there")
            await sign_in(http)
            rows, pages = 0, list[float]()
            for item_id in items:
                rows += await _read_item(http, item_id, pages)
        peak = peak_mib(child.pid)
    milliseconds = [seconds * 1000 for seconds in pages]
    say(f"  {rows} transactions; a whole page {spread(milliseconds)} ms; {peak:.0f} MiB")
    return {
        "stand_in_page_ms": round(median(milliseconds), 2),
        "stand_in_rss_mib": round(peak, 1),
        "stand_in_transactions": rows,
    }


async def sign_in(http: httpx.AsyncClient) -> None:
    """Wait for the stand-in, and give the client its key."""
    pair = {"clientId": DEFAULT_CLIENT_ID, "clientSecret": DEFAULT_CLIENT_SECRET}
    async with asyncio.timeout(_START_SECONDS):
        while True:
            with suppress(httpx.TransportError):
                answer = await http.post("/auth", json=pair)
                http.headers["x-api-key"] = answer.raise_for_status().json()["apiKey"]
                return
            await asyncio.sleep(0.05)


async def _make_item(http: httpx.AsyncClient, number: int) -> str:
    body = {
        "connectorId": 2,
        "parameters": {"user": PEOPLE, "password": "password-ok"},
        "clientUserId": f"person-{number}",
    }
    answer = await http.post("/items", json=body)
    item_id: str = answer.raise_for_status().json()["id"]
    return item_id


async def _read_item(http: httpx.AsyncClient, item_id: str, pages: list[float]) -> int:
    """Read every account of the item to its end; note how long each whole page took. Return the rows."""
    accounts = (await http.get("/accounts", params={"itemId": item_id})).raise_for_status().json()["results"]
    rows = 0
    for account in accounts:
        target: str | None = f"/v2/transactions?accountId={account['id']}"
        while target is not None:
            start = time.perf_counter()
            answer = await http.get(target)
            seconds = time.perf_counter() - start
            page: dict[str, Any] = answer.raise_for_status().json()
            rows += len(page["results"])
            if page["next"] is not None:
                pages.append(seconds)
                target = "/v2/transactions?" + page["next"].rpartition("?")[2]
            else:
                target = None
    return rows
