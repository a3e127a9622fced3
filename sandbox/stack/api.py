"""Plain HTTP calls, to the service and to the stand-in alike."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx

from sandbox.stack.children import StackError

Json = dict[str, Any]


class Api:
    """An HTTP API: exact decimals in, StackError with the answer's text when it refuses."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def call(self, method: str, path: str, body: Json | None = None, **query: Any) -> Any:
        """The decoded answer; numbers with a fraction are Decimal."""
        try:
            response = await self._client.request(method, path, json=body, params=query)
        except httpx.HTTPError as error:
            raise StackError(f"{method} {path}: no answer ({type(error).__name__}: {error})") from error
        if not response.is_success:
            raise StackError(f"{method} {path} answered {response.status_code}: {response.text[:500]}")
        return json.loads(response.content, parse_float=Decimal)

    async def all_rows(self, path: str, **query: Any) -> list[Json]:
        """Every row of one of our lists, page by page."""
        rows: list[Json] = []
        cursor: Json = {}
        while True:
            page = await self.call("GET", path, limit=500, **query, **cursor)
            rows += page["results"]
            if page["next_cursor"] is None:
                return rows
            cursor = {"cursor": page["next_cursor"]}


@asynccontextmanager
async def connect_to(base_url: str, headers: dict[str, str]) -> AsyncIterator[Api]:
    """An API at `base_url`, asked with `headers`."""
    async with httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False, timeout=40) as client:
        yield Api(client)


@asynccontextmanager
async def service_of(facts: Json) -> AsyncIterator[Api]:
    """Our API as the demo owner sees it."""
    bearer = {"Authorization": f"Bearer {facts['token']}"}
    async with connect_to(f"{facts['api_url']}/api/banking/", bearer) as service:
        yield service
