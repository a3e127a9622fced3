"""Callers for tests of reads: the API as some owner with some scopes sees it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from tests.http_support import KnownCaller, running_api

ROOT = "/api/banking/"


def reader(
    resources: Resources, owner_id: UUID, scopes: frozenset[str] = DEFAULT_SCOPES
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """A client whose caller is this owner."""
    return called_by(resources, Principal(owner_id, scopes, "person"))


@asynccontextmanager
async def called_by(resources: Resources, principal: Principal) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the API over the test's resources."""
    async with running_api(resources.settings, caller=KnownCaller(principal=principal)) as (app, http):
        app.state.resources = resources
        http.headers["Authorization"] = "Bearer good"
        yield http


async def read_all(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return all rows of a list, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await client.get(ROOT + path, params=query | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        rows += answer.json()["results"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return rows
