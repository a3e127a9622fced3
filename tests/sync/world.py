"""The world of the state machine: a bank, the whole service and one owner at a time, in one event loop."""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from datetime import date
from typing import Any, Final, Self
from uuid import UUID

import uvicorn
from sqlalchemy import select, text

from app.categories import service as categories
from app.connections.models import BankConnection
from app.database import transaction
from app.main import create_app
from app.resources import Resources, open_resources
from app.settings import Settings
from app.sync import service as syncs
from app.sync.models import SyncRun, SyncTrigger
from app.transactions import service as transactions
from app.transactions.models import Finding, Transaction
from sandbox.stack.children import free_port
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.conftest import add_owner, collect_cut_off_work
from tests.http_support import make_settings
from tests.servers import ServerUrls
from tests.stand_in import StandIn, running_stand_in
from tests.sync.decisions import BankRow, OurRow
from tests.sync.dying import work_until_killed
from tests.sync.support import connect_without_sync
from worker.job import Runner

SECRET = "a-webhook-secret-of-32-bytes-or-more"
OWN_CATEGORY: Final = "a category of the owner's own"
_PRODUCTS = ("ACCOUNTS", "TRANSACTIONS", "CREDIT_CARDS")
_ROUNDS = 20
_WAITS = text(
    "UPDATE owed_work SET due_at = now() "
    "WHERE kind NOT IN ('schedule', 'webhook_check', 'inbox_prune') AND due_at < 'infinity' RETURNING kind"
)
_EARLIER = text("UPDATE sync_runs SET created_at = created_at - interval '1 hour'")


class World:
    """Bank and service, in an event loop that runs only while a step does; a context manager.

    They serve all examples: each begins with a bank that forgot everything, and with an owner of its own.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._owners = 0

    def run(self, work: Awaitable[Any]) -> Any:
        """The work's result."""

        async def step() -> Any:
            return await work

        return self._loop.run(step())

    def __enter__(self) -> Self:
        self.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._close())
        self._loop.close()
        collect_cut_off_work()

    async def _close(self) -> None:
        await self._stack.aclose()
        await asyncio.sleep(0.1)  # until the servers have seen that their clients are gone

    async def _open(self) -> None:
        port = int(str(self._settings.pluggy.base_url).rsplit(":", 1)[1].strip("/"))
        self.bank: StandIn = await self._stack.enter_async_context(running_stand_in(port))
        self.resources: Resources = await self._stack.enter_async_context(
            open_resources(self._settings, statement_ms=10_000)
        )
        config = uvicorn.Config(
            create_app(self._settings),
            port=free_port(),
            lifespan="on",
            log_level="warning",
            access_log=False,
            timeout_keep_alive=600,  # the loop stands still between two steps
        )
        api = uvicorn.Server(config)
        api.install_signal_handlers = lambda: None  # type: ignore[attr-defined] # pytest's own stay
        serving = asyncio.create_task(api.serve())
        while not api.started:  # uvicorn has a flag, no event
            await asyncio.sleep(0.01)
        self.inbox = f"http://127.0.0.1:{config.port}/api/banking/webhooks/pluggy/"

        async def stop() -> None:
            api.should_exit = True
            await serving

        self._stack.push_async_callback(stop)

    async def begin(self, *, page_size: int) -> None:
        """A new owner with one synced connection, and a bank that has forgotten everything else."""
        self._owners += 1
        await self.bank.reset(f"example {self._owners}")
        await self.bank.control("PATCH", "/settings", {"historyMonths": 1, "transactionsPageSize": page_size})
        self.owner_id = await add_owner(self.resources.sessions, f"example {self._owners}")
        self.own_category: str | None = None
        self.worker = Runner(self.resources)
        await self.connect()
        hook = {"url": self.inbox, "event": "all", "headers": {"X-Webhook-Secret": SECRET}}
        await self.bank.api("POST", "/webhooks", hook)

    async def connect(self) -> None:
        """A new item at the same bank, and its connection, read to the end."""
        self.connection: BankConnection = await connect_without_sync(
            self.resources, self.bank, self.owner_id, user="user-ok-small", products=_PRODUCTS
        )
        await self.rest()

    async def rest(self) -> None:
        """Let every webhook arrive and everything owed be done, waits included."""
        await self.bank.control("POST", "/clock", {"seconds": 6})  # shuffled ones are spread over 5 s
        for _ in range(_ROUNDS):
            await self.worker.settle()
            async with transaction(self.resources.sessions, self.owner_id) as session:
                waiting = (await session.execute(_WAITS)).scalars().all()
                if "webhook" in waiting:  # events wait when they have led to too many runs of late
                    await session.execute(_EARLIER)
            if not waiting:
                return
        raise AssertionError(f"work that never ends: {waiting}")

    async def request(self, *, whole: bool = False) -> UUID:
        """Queue a run and return its id."""
        async with transaction(self.resources.sessions, self.owner_id) as session:
            if whole:
                await session.execute(text("UPDATE accounts SET deep_read_at = NULL"))
            run = await syncs.request_sync(session, self.owner_id, self.connection.id, trigger=SyncTrigger.RECONCILE)
        return run.id

    async def sync(self, *, whole: bool) -> SyncRun:
        """The run that reads the bank now."""
        run_id = await self.request(whole=whole)
        await self.rest()
        async with transaction(self.resources.sessions, self.owner_id) as session:
            return await syncs.get(session, self.owner_id, run_id)

    async def die_in_mid_sync(self, transactions: int, *, whole: bool) -> None:
        """A worker begins a run and is killed after so many transactions."""
        await self.request(whole=whole)
        await work_until_killed(self.resources, transactions=transactions)

    async def bank_rows(self) -> list[BankRow]:
        """What the bank shows, in an order that a seed repeats."""
        told = await self.bank.control("GET", "/truth", itemId=str(self.connection.item_id))
        return [
            BankRow(
                row["id"],
                account["id"],
                account["type"],
                date.fromisoformat(row["date"][:10]),
                row["status"],
                row["description"],
            )
            for item in told["items"]
            for account in item["accounts"]
            for row in account["transactions"]
        ]

    async def our_rows(self) -> list[OurRow]:
        """Our rows, removed ones too, in an order that a seed repeats."""
        ordered = select(Transaction).order_by(
            Transaction.date, Transaction.description, Transaction.amount, Transaction.id
        )
        async with transaction(self.resources.sessions, self.owner_id) as session:
            return [_our_row(row) for row in (await session.execute(ordered)).scalars()]

    async def rows_that_could_be_several(self) -> set[UUID]:
        """Removed rows that the service could not tell from others, as its findings say."""
        unclear = select(Finding.subject).where(Finding.kind == "ambiguous_restatement")
        async with transaction(self.resources.sessions, self.owner_id) as session:
            return {UUID(subject) for subject in (await session.execute(unclear)).scalars()}

    async def annotate(self, row_id: UUID, decided: dict[str, Any]) -> dict[str, Any]:
        """What the person decides about a row, with the id of the category that is the owner's own."""
        async with transaction(self.resources.sessions, self.owner_id) as session:
            if decided.get("category_id") == OWN_CATEGORY:
                if self.own_category is None:
                    made = await categories.create(session, self.owner_id, name="Festa junina", parent_id=None)
                    self.own_category = made.id
                decided = {**decided, "category_id": self.own_category}
            row = (await transactions.annotate(session, self.owner_id, row_id, decided)).transaction
            assert {name: getattr(row, name) for name in decided} == decided
        return decided


def _our_row(row: Transaction) -> OurRow:
    category_id = row.category_id if row.category_source == "user" else None
    decided = {"note": row.note, "tags": row.tags, "ignored": row.ignored, "category_id": category_id}
    return OurRow(row.id, str(row.pluggy_id), row.date, row.description, row.removed_at is None, decided)


def its_own_settings(server_urls: ServerUrls, database_name: str, valkey_url: str) -> Settings:
    """Settings of a world of its own beside the other tests'."""
    port = free_port()  # the stand-in of the other tests may be serving on theirs
    return make_settings(
        database_url=server_urls.postgres("banking_app", database_name),
        redis_url=valkey_url,
        pluggy_base_url=f"http://127.0.0.1:{port}",
        pluggy_client_id=DEFAULT_CLIENT_ID,
        pluggy_client_secret=DEFAULT_CLIENT_SECRET,
        pluggy_use_sandbox=True,
        pluggy_webhook_secret=SECRET,
    )
