"""A stand-in in memory, with its clock frozen, and the few calls that most tests make of it."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from sandbox.app import create_app
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Config, World

BASE_URL = "http://127.0.0.1:8100"
START = "2026-03-02T12:00:00.000Z"
KEYS = {"clientId": DEFAULT_CLIENT_ID, "clientSecret": DEFAULT_CLIENT_SECRET}
HOOK = "https://hooks.example.com/pluggy"
OK_CPF, APPROVED_CPF, REJECTED_CPF = "761.092.776-73", "238.242.640-30", "051.177.670-55"
SLOW_CPF, BROKEN_CPF = "002.502.737-99", "163.511.711-99"
Json = dict[str, Any]


class Desk:
    """The client's side of a stand-in, the control plane, and the requests that its webhooks made."""

    def __init__(self, client: httpx.AsyncClient, world: World, received: list[httpx.Request]) -> None:
        self.http = client
        self.world = world
        self.received = received
        self.answers: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200)

    async def call(self, method: str, path: str, expect: int = 200, **kwargs: Any) -> Any:
        """The decoded answer; fails the test when its status is another."""
        response = await self.http.request(method, path, **kwargs)
        assert response.status_code == expect, (method, path, response.status_code, response.text[:500])
        return response.json() if response.content else None

    async def control(self, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        return await self.call(method, f"/_control{path}", expect, json=body)

    async def log_in(self) -> str:
        """A fresh API key, used from here on."""
        key: str = (await self.call("POST", "/auth", json=KEYS))["apiKey"]
        self.http.headers["X-API-KEY"] = key
        return key

    async def advance(self, seconds: float) -> None:
        await self.control("POST", "/clock", {"seconds": seconds})
        if seconds >= 3600:
            await self.log_in()

    async def post_item(self, user: str = "user-ok", connector: int = 2, **extra: Any) -> Json:
        """A new item, just made; `user` is a CPF at connectors of Open Finance.

        It collects accounts only, which costs nothing, unless `products` says otherwise (None: all of them).
        """
        password = extra.pop("password", "password-ok")
        parameters = {"cpf": user} if connector >= 600 else {"user": user, "password": password}
        parameters |= extra.pop("parameters", {})
        body = {"connectorId": connector, "parameters": parameters, "products": ["ACCOUNTS"], **extra}
        item: Json = await self.call("POST", "/items", json=body)
        return item

    async def item(self, item_id: str) -> Json:
        item: Json = await self.call("GET", f"/items/{item_id}")
        return item

    async def settled_item(self, user: str = "user-ok", connector: int = 2, **extra: Any) -> Json:
        """A new item ten seconds later: as far as its script gets without anybody."""
        made = await self.post_item(user, connector, **extra)
        await self.advance(10)
        return await self.item(made["id"])

    async def decide(self, item: Json, decision: str) -> httpx.Response:
        """Click a button of the bank's page that `item.parameter` or `item.userAction` leads to."""
        data = item["parameter"] or item["userAction"]
        url = data["data"] if "data" in data else data["attributes"]["data"]
        token = url.split("token=")[1]
        return await self.http.post("/oauth/authorize", data={"token": token, "decision": decision})

    def events(self, prefix: str = "") -> list[Json]:
        """The payloads delivered so far, in the order of their delivery."""
        payloads = [json.loads(request.content) for request in self.received]
        return [payload for payload in payloads if payload["event"].startswith(prefix)]


@asynccontextmanager
async def open_desk(data_dir: Path | None = None, *, seed: str = "tests", frozen: bool = True) -> AsyncIterator[Desk]:
    """A desk logged in; with `frozen`, time stands at START until it is advanced."""
    received: list[httpx.Request] = []

    def receive(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return desk.answers(request)

    app = create_app(Config(data_dir=data_dir, seed=seed, base_url=BASE_URL), outside=httpx.MockTransport(receive))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE_URL) as client,
    ):
        desk = Desk(client, app.state.world, received)
        if frozen:
            await desk.control("POST", "/clock", {"now": START, "frozen": True})
        await desk.log_in()
        yield desk
