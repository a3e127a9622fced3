"""The least that a page of transactions costs over HTTP: the service's own SQL through asyncpg, and `msgspec`.

No framework, no caller to verify, no cursor, no limits. For uvicorn; `?owner=` says whose page it is.
"""

import gc
import os
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from app.transactions.queries import page_statement
from benchmarks.lab import LIST_LIMIT

_encode = msgspec.json.Encoder().encode
_HEADERS = [(b"content-type", b"application/json")]


class Bare:
    """An ASGI application."""

    def __init__(self) -> None:
        self._pool: asyncpg.Pool[Any] | None = None
        self._sql, self._names = page_statement()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self._pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10)
            gc.collect()
            gc.freeze()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._pool.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = await self._page(UUID(scope["query_string"].decode().partition("=")[2]))
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, length]})
        await send({"type": "http.response.body", "body": body})

    async def _page(self, owner_id: UUID) -> bytes:
        assert self._pool is not None
        values = {"owner_id": owner_id, "limit": LIST_LIMIT + 1}
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('banking.owner', $1, true)", str(owner_id))
            rows = await connection.fetch(self._sql, *(values[name] for name in self._names))
        return _encode({"results": [dict(row) for row in rows[:LIST_LIMIT]], "next_cursor": None})


def create() -> Bare:
    """Return the application."""
    return Bare()
