"""The four parties of an authorisation: the client, the person with a browser, the bank, and our worker."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx

from tests.stand_in import StandIn
from worker.job import Runner

BACKEND = "http://127.0.0.1:8000"
CALLBACK = BACKEND + "/pluggy/callback"
DEEP_LINK = "caixahub://bank/back?from=bank"
RETURN_URL = "http://localhost:3000/banks/connected"
SECRET = "a-webhook-secret-of-32-bytes-or-more"
CPF = "761.092.776-73"
Json = dict[str, Any]


@dataclass
class Walk:
    """Steps of the walk; each fails the test when it is not answered as it should be."""

    http: httpx.AsyncClient
    bank: StandIn
    runner: Runner

    async def start(self, expect: int = 201, **given: Any) -> Json:
        """Ask for an authorisation."""
        body = {"connector_id": 600, "parameters": {"cpf": CPF}, **given}
        answer = await self._hurried(self.http.post("/api/banking/connections/oauth/", json=body))
        assert answer.status_code == expect, answer.text
        begun: Json = answer.json()
        return begun

    async def decide(self, begun: Json, decision: str = "approve") -> httpx.Response:
        """Press a button on the bank's page, in the person's browser."""
        async with httpx.AsyncClient() as browser:
            page = await browser.get(begun["authorization_url"])
            assert page.status_code == 200
            token = parse_qs(urlsplit(begun["authorization_url"]).query)["token"][0]
            where = begun["authorization_url"].partition("?")[0]
            return await browser.post(where, data={"token": token, "decision": decision})

    async def land(self, address: str = "", **query: str) -> httpx.Response:
        """Follow the bank's redirect to our callback, in a browser that bears no token."""
        path = f"/pluggy/callback?{urlsplit(address).query}" if address else "/pluggy/callback"
        return await self.http.get(path, params=query or None, headers={"Authorization": ""})

    async def exchange(self, expect: int = 200, **body: Any) -> Json:
        """Hand the landing over as an app with an address of its own does."""
        answer = await self.http.post("/api/banking/connections/oauth/exchange/", json=body)
        assert answer.status_code == expect, answer.text
        told: Json = answer.json()
        return told

    async def renew(self, begun: Json) -> Json:
        """Ask for a new authorisation of the same connection."""
        path = f"/api/banking/connections/{begun['connection']['id']}/update_credentials/"
        answer = await self._hurried(self.http.post(path))
        assert answer.status_code == 200, answer.text
        authorization: Json = answer.json()["authorization"]
        return authorization

    async def _hurried(self, asking: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        """The answer to what waits for the bank's page, which comes after two seconds of the bank's clock."""
        answer = asyncio.create_task(asking)
        while not answer.done():
            await self.bank.control("POST", "/clock", {"seconds": 0.5})
            await asyncio.wait({answer}, timeout=0.05)
        return await answer

    async def connection(self, begun: Json) -> Json:
        """The connection as a client reads it."""
        answer = await self.http.get(f"/api/banking/connections/{begun['connection']['id']}/")
        assert answer.status_code == 200, answer.text
        read: Json = answer.json()
        return read

    async def follow(self, begun: Json, *, seconds: float = 10) -> Json:
        """The mission's polling loop, with a worker beside it: until ready, failed or timed out."""
        for _ in range(int(seconds / 0.05)):
            await self.runner.settle()
            read = await self.connection(begun)
            if read["is_ready"] or read["is_failed"] or read["poll_status"] == "timed_out":
                return read
            await asyncio.sleep(0.05)
        raise AssertionError(f"the loop never ended: {read}")

    async def deliver(self, event: str, begun: Json, *, client_user_id: str | None = None) -> None:
        """Bring a webhook of the item's, as Pluggy does, and let it have its effect."""
        about = {"itemId": begun["item_id"], "clientUserId": client_user_id}
        body = {"event": event, "eventId": str(uuid4()), **about}
        answer = await self.http.post(
            "/api/banking/webhooks/pluggy/", json=body, headers={"X-Webhook-Secret": SECRET, "Authorization": ""}
        )
        assert answer.status_code == 202, answer.text
        await self.runner.settle()
