"""What the tests of insights share: a way to read a number and the rows behind it."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
from sqlalchemy import update

from app.connections import flow as connections
from app.database import Sessions, transaction
from app.resources import Resources
from app.transactions.models import Transaction
from tests.readers import ROOT
from tests.stand_in import StandIn
from worker.job import Runner


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """The answer of an insight."""
    answer = await client.get(f"{ROOT}insights/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def rows_behind(client: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    """All rows that a number leads to."""
    parts = urlsplit(url)
    assert parts.path == ROOT + "transactions/"
    query = httpx.QueryParams(parse_qsl(parts.query, keep_blank_values=True)).set("limit", "500")
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await client.get(parts.path, params=query if cursor is None else query.set("cursor", cursor))
        assert page.status_code == 200, page.text
        rows += page.json()["results"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return rows


def figures(answer: Any) -> list[dict[str, Any]]:
    """Every number of an answer that leads to rows, wherever it stands."""
    if isinstance(answer, dict):
        own = [answer] if answer.get("transactions_url") else []
        return own + [each for value in answer.values() for each in figures(value)]
    return [each for value in answer for each in figures(value)] if isinstance(answer, list) else []


async def assert_adds_up(client: httpx.AsyncClient, answer: Any) -> int:
    """Follow the link of every number and add its rows up again; return how many numbers there were."""
    found = figures(answer)
    for each in found:
        rows = await rows_behind(client, each["transactions_url"])
        total = sum((Decimal(row["amount"]) for row in rows), Decimal(0))
        assert (total, len(rows)) == (Decimal(each["amount"]), each["count"]), each["transactions_url"]
        assert len({row["currency_code"] for row in rows}) <= 1, "currencies are never summed up together"
    return len(found)


async def connect(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, *, connector_id: int
) -> None:
    """Connect a bank of the stand-in's and read all it has."""
    item_id = await stand_in.make_item(owner_id, connector_id=connector_id)
    await connections.create_from_item(resources, owner_id, item_id)
    await runner.settle()


async def mark(sessions: Sessions, owner_id: UUID, row_id: UUID, **columns: Any) -> None:
    """Write what others derive of a row."""
    async with transaction(sessions, owner_id) as session:
        await session.execute(
            update(Transaction).where(Transaction.owner_id == owner_id, Transaction.id == row_id).values(**columns)
        )
