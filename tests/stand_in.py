"""The stand-in as a test drives it: a real server on loopback, its controls, and the ledger it expects of us."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import msgspec
from sqlalchemy import select

from app.accounts.models import Account
from app.database import Sessions, transaction
from app.transactions.models import Transaction
from sandbox.app import create_app
from sandbox.stack.children import free_port
from sandbox.stack.compare import Row, differences, row_of_bank
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Config
from tests.serving import running_server

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class StandIn:
    """A running stand-in; `control` reaches `/_control`, `api` the Pluggy API with a key of its own."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self._http = http

    async def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call the control plane and return its answer."""
        return await self._ask(method, f"/_control{path}", body, query, {})

    async def api(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call the Pluggy API and return its answer."""
        pair = {"clientId": DEFAULT_CLIENT_ID, "clientSecret": DEFAULT_CLIENT_SECRET}
        key = (await self._ask("POST", "/auth", pair, {}, {}))["apiKey"]  # a kept one would age with the clock
        return await self._ask(method, path, body, query, {"X-API-KEY": key})

    async def _ask(self, method: str, path: str, body: Any, query: Any, headers: Mapping[str, str]) -> Any:
        answer = await self._http.request(method, self.url + path, json=body, params=query, headers=headers)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return _decode(answer.content) if answer.content else None

    async def reset(self, seed: str = "tests") -> None:
        """Start from nothing: another seed is another set of people."""
        await self.control("POST", "/reset", {"seed": seed})

    async def make_item(
        self,
        owner_id: UUID,
        *,
        user: str = "user-ok",
        password: str = "password-ok",
        connector_id: int = 2,
        products: Sequence[str] = (),
        webhook_url: str | None = None,
    ) -> UUID:
        """An item of this owner whose first run is over; of all products unless some are given."""
        body = {
            "connectorId": connector_id,
            "parameters": {"user": user, "password": password},
            "clientUserId": str(owner_id),
            **({"products": products} if products else {}),
            **({"webhookUrl": webhook_url} if webhook_url else {}),
        }
        item = await self.api("POST", "/items", body)
        return UUID((await self.settled(UUID(item["id"])))["id"])

    async def settled(self, item_id: UUID) -> dict[str, Any]:
        """The item once nothing runs any more; the clock is moved on for it."""
        for _ in range(100):
            item: dict[str, Any] = await self.api("GET", f"/items/{item_id}")
            if item["status"] not in {"UPDATING", "MERGING"}:
                return item
            await self.control("POST", "/clock", {"seconds": 1})
        raise AssertionError("the item never settled")

    async def run_item(self, item_id: UUID, *, days: float = 0) -> None:
        """Let time pass at the bank and have Pluggy collect."""
        if days:
            await self.control("POST", "/clock", {"seconds": days * 86_400})
        await self.control("POST", f"/items/{item_id}/sync")
        await self.settled(item_id)

    async def truth(self, item_id: UUID) -> dict[str, list[Row]]:
        """What our ledger must hold of the item, by Pluggy's id of the account."""
        told = await self.control("GET", "/truth", itemId=str(item_id))
        return {
            account["id"]: [row_of_bank(row, account_type=account["type"]) for row in account["transactions"]]
            for item in told["items"]
            for account in item["accounts"]
        }


async def held(sessions: Sessions, owner_id: UUID, connection_id: UUID) -> dict[str, list[Row]]:
    """What our ledger holds of a connection, straight from the tables."""
    rows = (
        select(Account.pluggy_id, Transaction.pluggy_id, Transaction.date, Transaction.amount)
        .outerjoin(
            Transaction,
            (Transaction.owner_id == Account.owner_id)
            & (Transaction.account_id == Account.id)
            & Transaction.removed_at.is_(None),
        )
        .where(Account.owner_id == owner_id, Account.connection_id == connection_id, Account.removed_at.is_(None))
        .order_by(Account.pluggy_id, Transaction.pluggy_id)
    )
    ledger: dict[str, list[Row]] = {}
    async with transaction(sessions, owner_id) as session:
        for account, pluggy_id, day, amount in await session.execute(rows):
            kept = ledger.setdefault(str(account), [])
            if pluggy_id is not None:
                kept.append(Row(str(pluggy_id), day, amount))
    return ledger


async def assert_equal_to_truth(stand_in: StandIn, sessions: Sessions, owner_id: UUID, connection: Any) -> None:
    """Fail with the first differences between our ledger and the bank's (R78)."""
    found = differences(await stand_in.truth(connection.item_id), await held(sessions, owner_id, connection.id))
    assert found == [], "\n".join(found[:5])


@asynccontextmanager
async def running_stand_in(port: int | None = None) -> AsyncIterator[StandIn]:
    """Yield a stand-in served from this event loop, in memory."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    app = create_app(Config(base_url=url))
    # Kept for long: a loop that stands still between two steps would end a connection under a request.
    async with running_server(app, port=port, timeout_keep_alive=600, timeout_graceful_shutdown=1) as server:
        try:
            async with httpx.AsyncClient(timeout=20) as http:
                yield StandIn(url, http)
        finally:
            server.force_exit = True  # a client's kept connection must not hold the session up
