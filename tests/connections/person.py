"""A person who connects banks: through our API, through the widget, and at the bank."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from sqlalchemy import text

from app.database import transaction
from app.resources import Resources
from tests.stand_in import StandIn
from worker.job import Runner

ROOT = "/api/banking"
WEBHOOK_SECRET = "a-webhook-secret-of-32-bytes-or-more"
OK = {"user": "user-ok", "password": "password-ok"}
Json = dict[str, Any]


@dataclass
class Person:
    """Steps of a connection's life; each fails the test when it is not answered as it should be."""

    http: httpx.AsyncClient
    bank: StandIn
    runner: Runner
    resources: Resources

    async def ask(self, method: str, path: str, body: Any = None, *, expect: int = 200, **headers: str) -> Json:
        """Call our API."""
        answer = await self.http.request(method, ROOT + path, json=body, headers=headers)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text)
        told: Json = answer.json()
        return told

    async def use_widget(self, token: str, connector_id: int, parameters: dict[str, str]) -> httpx.Response:
        """Do what the widget does with a connect token: make the item."""
        body = {"connectorId": connector_id, "parameters": parameters}
        async with httpx.AsyncClient() as widget:
            return await widget.post(f"{self.bank.url}/items", json=body, headers={"X-API-KEY": token})

    async def connect(self, *, connector_id: int = 2, expect: int = 201, **parameters: str) -> Json:
        """Token, widget, `create_from_item`; the connection as it is answered."""
        token = await self.ask("POST", "/connections/create_connect_token/")
        made = await self.use_widget(token["connect_token"], connector_id, parameters or OK)
        assert made.status_code == 200, made.text
        return await self.ask("POST", "/connections/create_from_item/", {"item_id": made.json()["id"]}, expect=expect)

    async def connected(self, *, connector_id: int = 2, **parameters: str) -> Json:
        """A connection whose first visit is over."""
        begun = await self.connect(connector_id=connector_id, **parameters)
        return await self.follow(begun["id"])

    async def read(self, connection_id: str) -> Json:
        """The connection as it stands."""
        return await self.ask("GET", f"/connections/{connection_id}/")

    async def follow(self, connection_id: str, *, seconds: float = 30) -> Json:
        """The mission's polling loop, written literally: until ready, failed or timed out.

        Beside it a worker works, and the bank's clock is moved on, so that nobody waits for a visit.
        """
        for _ in range(int(seconds / 0.05)):
            await self.bank.control("POST", "/clock", {"seconds": 1})
            await self.runner.settle()
            connection = await self.read(connection_id)
            if connection["is_ready"] or connection["is_failed"] or connection["poll_status"] == "timed_out":
                return connection
            await asyncio.sleep(0.05)
        raise AssertionError(f"the loop never ended: {connection}")

    async def until_asked(self, connection_id: str) -> Json:
        """The connection once the person must do something."""
        for _ in range(100):
            await self.bank.control("POST", "/clock", {"seconds": 1})
            await self.runner.settle()
            connection = await self.read(connection_id)
            if connection["action_required"] and connection["action_required"]["kind"] != "wait":
                return connection
            await asyncio.sleep(0.05)
        raise AssertionError(f"nothing was ever asked: {connection}")

    async def lose_patience(self) -> None:
        """Let POLL_TIMEOUT_SECONDS pass, by moving the deadline: the clock that it is compared with is PostgreSQL's."""
        async with transaction(self.resources.sessions, None) as session:
            owners = (await session.execute(text("SELECT id FROM owners"))).scalars().all()
        for owner_id in owners:
            async with transaction(self.resources.sessions, owner_id) as session:
                await session.execute(text("UPDATE connections SET poll_deadline_at = now()"))

    async def see_again(self, connection: Json) -> Json:
        """The connection after a run that reads it and asks the bank for nothing, as an event brings one."""
        await self.deliver("item/updated", connection["item_id"])
        return await self.read(connection["id"])

    async def deliver(self, event: str, item_id: str) -> None:
        """Bring a webhook of Pluggy's and let it have its effect."""
        body = {"event": event, "eventId": str(uuid4()), "itemId": item_id}
        headers = {"X-Webhook-Secret": WEBHOOK_SECRET}
        answer = await self.http.post(f"{ROOT}/webhooks/pluggy/", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        await self.runner.settle()

    async def decide(self, url: str, decision: str = "approve") -> None:
        """Press a button on the bank's page."""
        token = parse_qs(urlsplit(url).query)["token"][0]
        async with httpx.AsyncClient() as browser:
            answer = await browser.post(f"{self.bank.url}/oauth/authorize", data={"token": token, "decision": decision})
        assert answer.status_code in {200, 302}, answer.text

    async def events(self) -> list[Json]:
        """What our feed of events tells, oldest first."""
        found: list[Json] = (await self.ask("GET", "/events/?limit=500"))["results"]
        return found

    async def event_types(self) -> list[str]:
        """The types of the events told so far, oldest first."""
        return [event["type"] for event in await self.events()]
