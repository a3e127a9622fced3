"""How any endpoint is called: one bounded exchange, its answer decoded, its failures named."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import httpx
import msgspec

from app.pluggy.decode import Answer, decode_page, decode_value, require_success
from app.pluggy.errors import PluggyUnavailable
from app.pluggy.limits import Lane
from app.pluggy.pages import Page, ReadRecords, follow, records_as

T = TypeVar("T")

TOTAL_SECONDS: Final = 30.0
PAGE_SIZE: Final = 500

Query = Mapping[str, str | int | bool | None]


class Calls:
    """Sends requests as one lane; the base of PluggyClient."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        auth: httpx.Auth | None,
        *,
        lane: Lane = Lane.BATCH,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._http = http
        self._auth = auth
        self._lane = lane
        self._total_seconds = total_seconds

    async def _get(self, path: str, kind: type[T], query: Query | None = None) -> T:
        return decode_value(await self._send("GET", path, query=query), kind)

    async def _write(self, method: str, path: str, kind: type[T], body: object) -> T:
        return decode_value(await self._send(method, path, body=body), kind)

    async def _delete(self, path: str) -> None:
        require_success(await self._send("DELETE", path))  # 200 with a count or 204 without a body

    def _iter_cursor(
        self, path: str, read: ReadRecords[T], query: Query, after: str | None = None
    ) -> AsyncGenerator[Page[T], None]:
        return self._iter(path, read, query, "after", after)

    def _iter_numbered(
        self, path: str, kind: type[T], query: Query, *, page_size: int | None = PAGE_SIZE
    ) -> AsyncGenerator[Page[T], None]:
        return self._iter(path, records_as(kind), {**query, "pageSize": page_size}, "page", "1")

    def _iter(
        self, path: str, read: ReadRecords[T], query: Query, name: str, start: str | None
    ) -> AsyncGenerator[Page[T], None]:
        async def fetch(position: str | None, departed: asyncio.Event) -> Page[T]:
            answer = await self._send("GET", path, query={**query, name: position}, departed=departed)
            return decode_page(answer, read)

        return follow(fetch, start)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object = None,
        departed: asyncio.Event | None = None,
    ) -> Answer:
        """One call within its time, repeats and key renewal included. Raises PluggyUnavailable without an answer."""
        call = f"{method} {path}"
        request = self._http.build_request(
            method,
            path,
            params=None if query is None else {name: value for name, value in query.items() if value is not None},
            content=None if body is None else msgspec.json.encode(body),
            headers=None if body is None else {"Content-Type": "application/json"},
        )
        request.extensions["lane"] = self._lane
        if departed is not None:
            request.extensions["trace"] = _signal(departed)
        try:
            async with asyncio.timeout(self._total_seconds) as bound:
                request.extensions["bound"] = bound
                response = await self._http.send(request, auth=self._auth)
        except TimeoutError:
            raise PluggyUnavailable(f"{call}: no answer within {self._total_seconds:g} s") from None
        except httpx.HTTPError as error:  # its text and causes may quote headers, so only its name is kept
            raise PluggyUnavailable(f"{call}: no answer ({type(error).__name__})") from None
        return Answer(call, response.status_code, response.headers, response.content)


def _signal(departed: asyncio.Event) -> Callable[[str, Mapping[str, Any]], Any]:
    async def trace(event: str, _: Mapping[str, Any]) -> None:
        if event.endswith("send_request_body.complete"):
            departed.set()

    return trace


def to_api_instant(instant: datetime) -> str:
    """The API's form of an aware instant: UTC, milliseconds, `Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def joined(values: Sequence[str]) -> str | None:
    """A query array as the API takes it."""
    return ",".join(values) if values else None
