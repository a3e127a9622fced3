"""What a page of transactions costs the client in CPU, against the plainest exact way of reading it.

Both fetch the same page of 500 from a server in another process, on kept connections. Ours: the whole client (key,
limiter hook, bounded body), verbatim slices, and what is made of them. The opponent: `httpx` get and
`json.loads(parse_float=Decimal)`.
"""

import asyncio
import gc
import gzip
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import httpx

from app.pluggy.client import open_client
from app.pluggy.pages import TransactionSlice
from benchmarks.history import join_page, make_row

ROWS = 500
FETCHES = 20
REPEATS = 15
ACCOUNT = UUID("5f3b1c9e-0000-4000-8000-000000000001")

UsePage = Callable[[Sequence[TransactionSlice]], int]
"""What our side makes of a page; returns how many rows came of it."""


async def run(use_page: UsePage) -> dict[str, float]:
    """The ratio of CPU seconds, body as it is and gzipped."""
    figures: dict[str, float] = {}
    for key, encoding in (("page_cpu_vs_json", "identity"), ("page_cpu_vs_json_gzip", "gzip")):
        with served(encoding) as base_url:
            figures[key] = round(await _ratio(base_url, use_page), 3)
    return figures


async def _ratio(base_url: str, use_page: UsePage) -> float:
    """Median over repeats, each measuring both sides in turn: a slow moment of the machine hits both."""
    client = open_client(base_url=base_url, client_id="benchmark", client_secret="benchmark")
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as plain:

        async def ours() -> None:
            async for page in client.iter_transaction_pages(ACCOUNT):
                assert use_page(page.results) == ROWS

        async def opponent() -> None:
            response = await plain.get("/v2/transactions", params={"accountId": str(ACCOUNT)})
            assert len(json.loads(response.content, parse_float=Decimal)["results"]) == ROWS

        for warm_up in (ours, opponent):
            await _cpu_seconds(warm_up)
        ratios = [await _cpu_seconds(ours) / await _cpu_seconds(opponent) for _ in range(REPEATS)]
    await client.aclose()
    return statistics.median(ratios)


async def _cpu_seconds(work: Callable[[], Awaitable[None]]) -> float:
    gc.collect()
    start = time.process_time()
    for _ in range(FETCHES):
        await work()
    return time.process_time() - start


@contextmanager
def served(encoding: str) -> Iterator[str]:
    """The base URL of a server in a process of its own that answers every GET with the page."""
    command = [sys.executable, "-m", "benchmarks.client", encoding]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


async def serve(encoding: str) -> None:
    """Serve until terminated; the port is the first line of the output."""
    page = make_page()
    body = gzip.compress(page, 6) if encoding == "gzip" else page
    answers = {b"GET": _answer(body, encoding), b"POST": _answer(b'{"apiKey":"benchmark"}', "identity")}

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _read_request(reader):
            writer.write(answers[head.split(b" ", 1)[0]])
            await writer.drain()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    await reader.readexactly(int(length.partition(b":")[2]))
    return head


def _answer(body: bytes, encoding: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: {encoding}\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def make_page() -> bytes:
    """A page of a checking account and its card, about 900 B a row."""
    return join_page([make_row(ACCOUNT, number, step=timedelta(hours=7)) for number in range(ROWS)], None)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
