"""Deliveries as Pluggy makes them, and what became of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, text

from app.database import Sessions, transaction
from app.settings import Settings
from app.sync.models import SyncRun
from app.webhooks.models import WebhookEvent
from tests.http_support import running_api
from tests.serving import running_server
from tests.stand_in import StandIn

PATH = "/api/banking/webhooks/pluggy/"
SECRET = "a-webhook-secret-of-32-bytes-or-more"
PROOF = {"X-Webhook-Secret": SECRET, "Authorization": ""}


def event_of(event: str = "item/updated", **fields: Any) -> dict[str, Any]:
    """The body of an event with an id of its own."""
    return {"event": event, "eventId": str(uuid4()), **fields}


async def deliver(http: httpx.AsyncClient, body: dict[str, Any], *, expect: int = 202) -> httpx.Response:
    """Deliver an event with its proof."""
    answer = await http.post(PATH, json=body, headers=PROOF)
    assert answer.status_code == expect, answer.text
    return answer


async def inbox_rows(sessions: Sessions) -> Sequence[WebhookEvent]:
    """The inbox, oldest first."""
    async with transaction(sessions, None) as session:
        return (await session.execute(select(WebhookEvent).order_by(WebhookEvent.id))).scalars().all()


async def owed_refs(sessions: Sessions, kind: str = "webhook") -> set[UUID]:
    """What is owed of a kind."""
    async with transaction(sessions, None) as session:
        found = await session.execute(text("SELECT ref_id FROM owed_work WHERE kind = :kind"), {"kind": kind})
        return set(found.scalars())


async def runs_of(sessions: Sessions, owner_id: UUID, *, trigger: str | None = None) -> Sequence[SyncRun]:
    """The owner's runs, oldest first."""
    statement = select(SyncRun).where(SyncRun.owner_id == owner_id).order_by(SyncRun.id)
    if trigger is not None:
        statement = statement.where(SyncRun.trigger == trigger)
    async with transaction(sessions, owner_id) as session:
        return (await session.execute(statement)).scalars().all()


@asynccontextmanager
async def served_api(settings: Settings, *, port: int = 0) -> AsyncIterator[str]:
    """Yield the address of the API as a real server, where the stand-in can deliver."""
    async with running_api(settings) as (app, _), running_server(app, port=port, lifespan="off") as server:
        yield server.address


async def subscribe(stand_in: StandIn, address: str, *, secret: str = SECRET) -> None:
    """Register the API's webhook at the stand-in, as `banking webhooks register` does."""
    body = {"url": address + PATH, "event": "all", "headers": {"X-Webhook-Secret": secret}}
    await stand_in.api("POST", "/webhooks", body)


async def delivered(stand_in: StandIn, *, at_least: int = 1) -> list[dict[str, Any]]:
    """The stand-in's deliveries once none is pending."""
    for _ in range(200):
        log: list[dict[str, Any]] = (await stand_in.control("GET", "/deliveries"))["results"]
        if len(log) >= at_least and all(each["state"] != "pending" for each in log):
            return log
        await stand_in.control("POST", "/clock", {"seconds": 1})
        await asyncio.sleep(0.02)
    raise AssertionError("deliveries are still pending")
