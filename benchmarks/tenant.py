"""An owner with one connection and one account, and the service's own way of storing a page into it."""

from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.connections.models import BankConnection, ItemOwner
from app.database import in_transaction, transaction
from app.ids import new_id, new_ids
from app.owners.models import Owner
from app.pluggy.decode import Answer, decode_page
from app.pluggy.pages import Page, TransactionSlice, decode_transactions, slice_transactions
from app.resources import Resources
from app.sync import service as sync
from app.sync.models import SyncTrigger
from app.transactions import bulk
from app.transactions.bulk import TransactionRow
from app.transactions.ingest import Ingest, PageCount, Reader, _Draft
from app.transactions.mapping import LedgerContext, content_hasher, to_row

_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Tenant:
    """Ids of the rows that a ledger hangs on. `account_pluggy_id` and `item_id` are Pluggy's."""

    owner_id: UUID
    connection_id: UUID
    item_id: UUID
    account_id: UUID
    account_pluggy_id: UUID

    @classmethod
    async def make(cls, resources: Resources) -> Self:
        """Return a tenant that was just written, with an empty ledger."""
        tenant = cls(new_id(), new_id(), uuid4(), new_id(), uuid4())
        owner = Owner(id=tenant.owner_id, issuer="https://issuer.example", subject=str(tenant.owner_id))
        async with transaction(resources.sessions, None) as session:
            session.add(owner)
        async with transaction(resources.sessions, tenant.owner_id) as session:
            session.add(tenant._connection())
            await session.flush()
            session.add(tenant._account())
            session.add(ItemOwner(item_id=tenant.item_id, owner_id=tenant.owner_id, connection_id=tenant.connection_id))
        return tenant

    def reader(self) -> Reader:
        """Return who stores pages of the account."""
        context = LedgerContext(self.owner_id, is_card=False, currency_code="BRL")
        return Reader(run_id=uuid4(), fence=1, account_id=self.account_id, context=context)

    async def queue_sync(self, resources: Resources) -> UUID:
        """Ask for a run as a person does, and return its id."""
        async with transaction(resources.sessions, self.owner_id) as session:
            run = await sync.request_sync(session, self.owner_id, self.connection_id, trigger=SyncTrigger.API)
        return run.id

    def _connection(self) -> BankConnection:
        return BankConnection(
            owner_id=self.owner_id,
            id=self.connection_id,
            item_id=self.item_id,
            connector_id=0,
            institution_name="Banco",
            status="UPDATED",
            change_number=0,
        )

    def _account(self) -> Account:
        return Account(
            owner_id=self.owner_id,
            id=self.account_id,
            connection_id=self.connection_id,
            pluggy_id=self.account_pluggy_id,
            type="BANK",
            subtype="CHECKING_ACCOUNT",
            name="Conta",
            currency_code="BRL",
            change_number=0,
        )


def read_page(body: bytes) -> Page[TransactionSlice]:
    """Return the page in a body, as the client reads it: verbatim slices, nothing decoded."""
    return decode_page(Answer("GET /v2/transactions", 200, _JSON, body), slice_transactions)


async def store_page(resources: Resources, ingest: Ingest, reader: Reader, page: Page[TransactionSlice]) -> PageCount:
    """Store a page as a run does, in a transaction of its own; the run's checkpoint apart."""

    async def store(session: AsyncSession) -> PageCount:
        return await ingest.store_page(session, reader, page.results, page.bad_records)

    return await in_transaction(resources.sessions, reader.context.owner_id, store)


async def store_rows(resources: Resources, ingest: Ingest, reader: Reader, rows: list[TransactionRow]) -> None:
    """Store a page that is mapped already: what `store_page` does once it has rows."""

    async def store(session: AsyncSession) -> None:
        hashes = {row.pluggy_id: row.content_hash for row in rows}
        differing = await bulk.find_differing(session, reader.context.owner_id, reader.account_id, hashes)
        assert not any(differing.values())
        inserted, _ = await ingest._write(session, reader, _Draft(rows=rows), {})
        assert inserted == len(rows)

    await in_transaction(resources.sessions, reader.context.owner_id, store)


def map_page(resources: Resources, reader: Reader, body: bytes) -> list[TransactionRow]:
    """Return the rows that the service makes of a page."""
    content_hash = content_hasher(resources.vault)
    page = read_page(body)
    transactions, bad = decode_transactions(page.results)
    assert not bad
    return [
        to_row(source, row_id, content_hash(bytes(piece.raw)), reader.context, resources.vault).row
        for source, piece, row_id in zip(transactions, page.results, new_ids(len(transactions)), strict=True)
    ]


def later(reader: Reader) -> Reader:
    """Return the reader of the next run."""
    return replace(reader, fence=reader.fence + 1)
