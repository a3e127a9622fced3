"""The transport: bounded bodies, the limiter, and repeats by one table of classification (R36-R39)."""

import asyncio
import secrets
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from app.pluggy.decode import WINDOW_SECONDS, Answer, asked_wait, read_error_body, symbolic_code
from app.pluggy.errors import PluggyBodyTooLarge
from app.pluggy.limits import Lane, Limiter, Unlimited, group_of

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
SHORT_WAIT_SECONDS: Final = 5.0  # a longer pause is the caller's to make
BACKOFF_BASE_SECONDS: Final = 0.5
BACKOFF_CAP_SECONDS: Final = 30.0

NO_ANSWER: Final = 0
# How often a request is sent at most, by what came back: for requests that may safely be repeated. 429 is refused
# before any work, so it holds for every verb. POST /items is never repeated: it could create a second item.
ATTEMPTS: Final = {NO_ANSWER: 4, 429: 4, 500: 2, 502: 4, 503: 4, 504: 4}
REPEATABLE_METHODS: Final = frozenset({"GET", "DELETE"})

_random = secrets.SystemRandom()


def full_jitter(attempt: int) -> float:
    """Seconds to wait after the given attempt (from 1)."""
    return _random.uniform(0, min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** (attempt - 1)))


def attempts_allowed(method: str, path: str, status: int) -> int:
    """How often the request may be sent in all, when `status` (or NO_ANSWER) is what came back."""
    if method == "POST" and path.endswith("/items"):
        return 1
    if status == 429 or method in REPEATABLE_METHODS or path.endswith("/auth"):
        return ATTEMPTS.get(status, 1)
    return 1


class RetryTransport(httpx.AsyncBaseTransport):
    """Sends through `inner` and answers with a whole, inflated body.

    The extensions of a request may carry `lane` (a Lane) and `bound` (the asyncio.Timeout of the call, which does not
    run while the limiter makes us wait). Raises httpx.TransportError and PluggyBodyTooLarge.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        limiter: Limiter | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[int], float] = full_jitter,
    ) -> None:
        self._inner = inner
        self._limiter = limiter or Unlimited()
        self._max_body_bytes = max_body_bytes
        self._sleep = sleep
        self._jitter = jitter

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the last attempt, whatever its status."""
        attempt = 0
        while True:
            attempt += 1
            await self._take_turn(request)
            response, error = await self._exchange(request)
            pause = await self._pause_before_next(request, response, attempt)
            if pause is None:
                if error is not None:
                    raise error
                assert response is not None  # noqa: S101 - one of the two is set
                return response
            await self._sleep(pause)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _take_turn(self, request: httpx.Request) -> None:
        group = group_of(request.method, request.url.path)
        with _clock_stopped(request.extensions.get("bound")):
            await self._limiter.acquire(group, request.extensions.get("lane", Lane.BATCH))

    async def _exchange(self, request: httpx.Request) -> tuple[httpx.Response | None, httpx.TransportError | None]:
        try:
            response = await self._inner.handle_async_request(request)
            try:
                body = await self._read_bounded(response, request)
            finally:
                await response.aclose()
        except httpx.TransportError as error:
            return None, error
        headers = response.headers.copy()
        for name in ("content-encoding", "content-length", "transfer-encoding"):
            headers.pop(name, None)
        return httpx.Response(response.status_code, headers=headers, content=body), None

    async def _read_bounded(self, response: httpx.Response, request: httpx.Request) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in _inflated(response, self._max_body_bytes):
            parts.append(part)
            size += len(part)
            if size > self._max_body_bytes:
                call = f"{request.method} {request.url.path}"
                raise PluggyBodyTooLarge(f"{call}: a body of more than {self._max_body_bytes} bytes")
        return b"".join(parts)

    async def _pause_before_next(
        self, request: httpx.Request, response: httpx.Response | None, attempt: int
    ) -> float | None:
        """Seconds until the next attempt, None when this was the last. A 429 pauses everyone's lane first (R38)."""
        status = response.status_code if response is not None else NO_ANSWER
        asked = None
        if response is not None and (status == 429 or status >= 500):
            if _speaks_for_the_bank(response):
                return None
            asked = asked_wait(response.headers)
        pause = max(asked or 0.0, self._jitter(attempt))
        if status == 429:
            pause = (WINDOW_SECONDS if asked is None else asked) + self._jitter(attempt)
            await self._limiter.pause(group_of(request.method, request.url.path), pause)
        if attempt >= attempts_allowed(request.method, request.url.path, status) or pause > SHORT_WAIT_SECONDS:
            return None
        return pause


def _speaks_for_the_bank(response: httpx.Response) -> bool:
    """Whether it was the bank behind a live balance that failed or limited us: Pluggy itself is well then."""
    answer = Answer("", response.status_code, response.headers, response.content)
    return (symbolic_code(read_error_body(answer)) or "").startswith("BALANCE_")


async def _inflated(response: httpx.Response, most: int) -> AsyncIterator[bytes]:
    """The decoded body in parts, none of which inflates beyond `most` + 1 bytes."""
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - an async transport gave it
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        async for part in stream:
            yield part
        return
    if encoding != "gzip":
        raise httpx.RemoteProtocolError("the body has an encoding that was not asked for")
    inflate = zlib.decompressobj(wbits=31)
    try:
        async for part in stream:
            yield inflate.decompress(part, most + 1)
    except zlib.error:
        raise httpx.RemoteProtocolError("the body is not valid gzip") from None
    if not inflate.eof:
        raise httpx.RemoteProtocolError("the body was cut off")


@contextmanager
def _clock_stopped(bound: asyncio.Timeout | None) -> Iterator[None]:
    when = bound.when() if bound is not None else None
    if bound is None or when is None:
        yield
        return
    clock = asyncio.get_running_loop().time
    left = when - clock()
    bound.reschedule(None)
    try:
        yield
    finally:
        if not bound.expired():
            bound.reschedule(clock() + left)
