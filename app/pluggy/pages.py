"""Lists page by page: a record set aside when it is bad, the next page on its way while this one is used."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from app.pluggy.errors import PluggyEndlessList, PluggyListMoved
from app.pluggy.ledger_models import Transaction
from app.pluggy.wire import UNREADABLE, decode_as, decoder_of

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


class TransactionSlice(msgspec.Struct, frozen=True, gc=False):
    """One transaction, verbatim and not yet decoded: hash `raw` first, decode only what differs.

    `raw` is a view that keeps its whole page in memory.
    """

    id: UUID
    raw: msgspec.Raw


class _Key(msgspec.Struct):
    id: UUID


class _AnyKey(msgspec.Struct):
    id: Any = None


ReadRecords = Callable[[Sequence[msgspec.Raw]], tuple[list[T], list[BadRecord]]]
"""Reads the records of a page, in order; those that fail are set aside (R28)."""


def records_as(kind: type[T]) -> ReadRecords[T]:
    """A reader of records of one kind."""
    decode = decoder_of(kind).decode

    def read(records: Sequence[msgspec.Raw]) -> tuple[list[T], list[BadRecord]]:
        try:
            return [*map(decode, records)], []
        except UNREADABLE:
            return _read_one_by_one(records, lambda record: decode_as(record, kind))

    return read


def slice_transactions(records: Sequence[msgspec.Raw]) -> tuple[list[TransactionSlice], list[BadRecord]]:
    """The records with their ids, read in one go."""
    try:
        ids = _read_ids(records)
    except UNREADABLE:
        return _read_one_by_one(records, lambda record: TransactionSlice(decode_as(record, _Key).id, record))
    return [*map(TransactionSlice, ids, records)], []


def _read_ids(records: Sequence[msgspec.Raw]) -> list[UUID]:
    leading = [*map(_LEADING_ID, records)]
    if all(leading):  # as the API writes them: nothing else of a record need be read
        return _decode_ids(b"[" + b",".join([found[1] for found in leading if found]) + b"]")
    return [key.id for key in _decode_keys(b"[" + b",".join(records) + b"]")]


def _read_one_by_one(
    records: Sequence[msgspec.Raw], read: Callable[[msgspec.Raw], T]
) -> tuple[list[T], list[BadRecord]]:
    """The slow way, for a page with a bad record: which one it is, and all the others."""
    results: list[T] = []
    bad_records: list[BadRecord] = []
    for record in records:
        try:
            results.append(read(record))
        except msgspec.DecodeError as problem:
            bad_records.append(read_bad_record(record, problem))
    return results, bad_records


_LEADING_ID: Final = re.compile(rb'\{"id":("[0-9a-fA-F-]{36}")').match
_decode_ids = decoder_of(list[UUID]).decode
_decode_keys = decoder_of(list[_Key]).decode
_read_transactions = records_as(Transaction)


def decode_transactions(slices: Iterable[TransactionSlice]) -> tuple[list[Transaction], list[BadRecord]]:
    """The transactions in order, and those that could not be read (R28)."""
    return _read_transactions([piece.raw for piece in slices])


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
        page = await task
        total = page.total
        while page.next is not None:
            if page.next in seen or len(seen) >= MAX_PAGES:
                yield page
                raise PluggyEndlessList(f"a list repeats itself or passes {MAX_PAGES} pages, after {len(seen)} pages")
            seen.add(page.next)
            task = await _depart(fetch, page.next)
            yield page
            del page  # half a megabyte, not needed while the next one comes
            page = await task
            if page.total != total:
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
        async with asyncio.timeout(DEPARTURE_SECONDS):
            await departed.wait()
    return task
