"""Lists page by page: a record set aside when it is bad, the next page on its way while this one is used."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from app.pluggy.errors import PluggyEndlessList, PluggyListMoved
from app.pluggy.ledger_models import Transaction
from app.pluggy.wire import decode_as

T = TypeVar("T")

MAX_PAGES: Final = 2_000
DEPARTURE_SECONDS: Final = 0.05  # the longest that a page in hand waits for the next request to leave


class BadRecord(NamedTuple):
    """A record that could not be read. `id` as sent, None if unreadable; `reason` is safe to log."""

    id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page, in the API's order. `next` is the position of the following page, None at the end."""

    results: Sequence[T]
    bad_records: Sequence[BadRecord]
    total: int | None
    next: str | None


class TransactionSlice(NamedTuple):
    """One transaction, verbatim and not yet decoded: hash `raw` first, decode only what differs.

    `raw` is a view that keeps its whole page in memory.
    """

    id: UUID
    raw: msgspec.Raw


class _Key(msgspec.Struct):
    id: UUID


class _AnyKey(msgspec.Struct):
    id: Any = None


def slice_transaction(raw: msgspec.Raw) -> TransactionSlice:
    """The record with its id."""
    return TransactionSlice(decode_as(raw, _Key).id, raw)


def decode_transactions(slices: Iterable[TransactionSlice]) -> tuple[list[Transaction], list[BadRecord]]:
    """The transactions in order, and those that could not be read (R28)."""
    transactions: list[Transaction] = []
    bad_records: list[BadRecord] = []
    for piece in slices:
        try:
            transactions.append(decode_as(piece.raw, Transaction))
        except msgspec.DecodeError as problem:
            bad_records.append(read_bad_record(piece.raw, problem))
    return transactions, bad_records


def read_bad_record(raw: msgspec.Raw, problem: Exception) -> BadRecord:
    """What can still be said of a record that failed with `problem`."""
    try:
        key = decode_as(raw, _AnyKey).id
    except msgspec.DecodeError:
        key = None
    return BadRecord(key[:64] if isinstance(key, str) else None, str(problem))


class FetchPage(Protocol[T]):
    """Fetches the page at a position (None is the first); `departed` is set once its request has left."""

    def __call__(self, position: str | None, departed: asyncio.Event) -> Coroutine[Any, Any, Page[T]]: ...


async def follow(fetch: FetchPage[T], start: str | None) -> AsyncGenerator[Page[T], None]:
    """Yield pages from `start` to the end; the request for the next one has left before a page is handed out.

    Raises PluggyEndlessList on a repeated position or after 2,000 pages (R27), PluggyListMoved when a numbered list
    changes its total.
    """
    seen = {start}
    task = await _depart(fetch, start)
    try:
        first = page = await task
        while page.next is not None:
            if page.next in seen or len(seen) >= MAX_PAGES:
                yield page
                raise PluggyEndlessList(f"a list repeats itself or passes {MAX_PAGES} pages, after {len(seen)} pages")
            seen.add(page.next)
            task = await _depart(fetch, page.next)
            yield page
            page = await task
            if page.total != first.total:
                raise PluggyListMoved("the total of a list changed between two pages")
        yield page
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _depart(fetch: FetchPage[T], position: str | None) -> "asyncio.Task[Page[T]]":
    """Start a fetch and return once its request has left, or soon: the CPU work to come would hold it back."""
    departed = asyncio.Event()
    task = asyncio.create_task(fetch(position, departed))
    task.add_done_callback(lambda _: departed.set())
    with suppress(TimeoutError):
        await asyncio.wait_for(departed.wait(), DEPARTURE_SECONDS)
    return task
