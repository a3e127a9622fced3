"""A bank behind Pluggy's API for one account, in a process of its own: `python -m benchmarks.bank` (`running_bank`).

It answers from rows made at its start, so that what a sync costs is the service's own cost and the delay asked for.
"""

import asyncio
import json
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from benchmarks.history import NEWEST, PAGE_ROWS, join_page, make_history
from benchmarks.lab import child_process
from benchmarks.tenant import Tenant

_NOTHING: Final = b'{"results":[],"page":1,"total":0,"totalPages":0}'
_KEY: Final = b'{"apiKey":"benchmark"}'


@contextmanager
def running_bank(tenant: Tenant, *, rows: int, delay_ms: int) -> Iterator[str]:
    """Yield the base URL of the tenant's bank, which thinks for `delay_ms` before each answer to a GET."""
    arguments = (tenant.item_id, tenant.account_pluggy_id, rows, delay_ms)
    with child_process("benchmarks.bank", *map(str, arguments)) as child:
        assert child.stdout is not None
        yield f"http://127.0.0.1:{int(child.stdout.readline())}"


class Bank:
    """Answers to paths."""

    def __init__(self, item_id: str, account_id: str, rows: int) -> None:
        self._rows = make_history(UUID(account_id), rows)
        self._days = [-_day(json.loads(row)["date"]).toordinal() for row in self._rows]  # ascending: newest first
        self._item = _encode(
            id=item_id, connector={"id": 0, "name": "Banco"}, status="UPDATED", executionStatus="SUCCESS",
            lastUpdatedAt=_instant(), products=["ACCOUNTS", "TRANSACTIONS"],
        )  # fmt: skip
        self._account = _encode(
            id=account_id, itemId=item_id, type="BANK", subtype="CHECKING_ACCOUNT", name="Conta",
            number="0001/12345-6", balance=1520.35, currencyCode="BRL",
        )  # fmt: skip

    def answer(self, target: str) -> bytes:
        """Return the body for a GET; a list that nothing is known of is empty."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if parts.path.endswith("/transactions"):
            return self._page(query)
        if "/items/" in parts.path:
            return self._item
        if parts.path.endswith("/accounts"):
            return b'{"results":[' + self._account + b'],"page":1,"total":1,"totalPages":1}'
        return _NOTHING

    def _page(self, query: Mapping[str, str]) -> bytes:
        """Narrowed by days only: a whole reading asks for nothing else."""
        first, end = 0, len(self._rows)
        if "dateTo" in query:
            first = bisect_left(self._days, -_day(query["dateTo"]).toordinal())
        if "dateFrom" in query:
            end = bisect_right(self._days, -_day(query["dateFrom"]).toordinal())
        start = int(query.get("after", first))
        stop = min(start + PAGE_ROWS, end)
        return join_page(self._rows[start:stop], f"/v2/transactions?after={stop}" if stop < end else None)


async def serve(bank: Bank, delay_seconds: float) -> None:
    """Serve until terminated; the port is the first line of the output."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # a run that has ended may leave without its last answer
            while request := await _read_request(reader):
                method, target = request
                if method == "GET":
                    await asyncio.sleep(delay_seconds)
                body = bank.answer(target) if method == "GET" else _KEY
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
                writer.write(b"content-length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, str] | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((line[15:] for line in head.lower().split("\r\n") if line.startswith("content-length:")), "0")
        await reader.readexactly(int(length))
    except (EOFError, ConnectionError):
        return None
    method, target, _ = head.split(" ", 2)
    return method, target


def _encode(**members: object) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()


def _instant() -> str:
    return NEWEST.isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    asyncio.run(serve(Bank(sys.argv[1], sys.argv[2], int(sys.argv[3])), int(sys.argv[4]) / 1000))
