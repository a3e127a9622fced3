"""A page with records that can't be kept."""

from uuid import UUID, uuid4

import msgspec
from sqlalchemy import select

from app.database import Sessions, transaction
from app.pluggy.decode import Answer, decode_page
from app.pluggy.pages import slice_transactions
from app.transactions.ingest import Ingest, Reader
from app.transactions.mapping import LedgerContext
from app.transactions.models import Finding, Transaction
from tests.transactions.support import add_account
from tests.transactions.test_mapping import UNUSABLE, VAULT


def record(number: int, amount: str) -> bytes:
    fields = {"id": UUID(int=number), "date": "2026-03-04T12:00:00.000Z", "amount": 0}
    return msgspec.json.encode(fields).replace(b'"amount":0', b'"amount":' + amount.encode())


async def test_records_with_unusable_amounts_are_set_aside_and_all_others_kept(
    sessions: Sessions, owner_id: UUID
) -> None:
    """R28, R29"""
    amounts = ["1.00", *UNUSABLE, "3.00"]
    body = b'{"results":[' + b",".join(record(n, amount) for n, amount in enumerate(amounts)) + b'],"next":null}'
    page = decode_page(
        Answer("GET /v2/transactions", 200, {"content-type": "application/json"}, body), slice_transactions
    )

    async with transaction(sessions, owner_id) as session:
        account_id = await add_account(session, owner_id)
        context = LedgerContext(owner_id, is_card=False, currency_code="BRL")
        reader = Reader(run_id=uuid4(), fence=1, account_id=account_id, context=context)
        counts = await Ingest(VAULT).store_page(session, reader, page.results, page.bad_records)
        kept = (await session.scalars(select(Transaction.pluggy_id).order_by(Transaction.pluggy_id))).all()
        told = (await session.scalars(select(Finding.details))).all()

    assert (counts.fetched, counts.inserted, counts.quarantined) == (len(amounts), 2, len(UNUSABLE))
    assert kept == [UUID(int=0), UUID(int=len(amounts) - 1)]
    assert [each["reason"] for each in told] == ["amount out of range"] * len(UNUSABLE)
