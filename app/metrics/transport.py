"""Counts each request that leaves for Pluggy, below the repeats and the limiter."""

import time
from typing import Final

import httpx

from app.metrics.instruments import PLUGGY_CALL_SECONDS, PLUGGY_CALLS
from app.pluggy.limits import Lane, group_of

NO_ANSWER: Final = "no_answer"


class CountedTransport(httpx.AsyncBaseTransport):
    """Sends through `inner`; the extensions of a request may carry its `lane`."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of `inner`."""
        group, lane = group_of(request.method, request.url.path), request.extensions.get("lane", Lane.BATCH)
        began, status = time.perf_counter(), NO_ANSWER
        try:
            response = await self._inner.handle_async_request(request)
            status = str(response.status_code)
            return response
        finally:
            PLUGGY_CALLS.labels(group, lane, status).inc()
            PLUGGY_CALL_SECONDS.labels(group).observe(time.perf_counter() - began)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
