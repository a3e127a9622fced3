"""The bulk write against rows that are there."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.database import Sessions, transaction
from app.transactions import bulk
from app.transactions.models import Transaction
from tests.factories import make_transaction
from tests.transactions.support import add_account
from tests.transactions.test_mapping import mapped


@pytest.mark.parametrize(
    ("stored", "read_number", "is_written"),
    [
        ({"read_number": 5}, 4, False),
        ({"read_number": 5}, 5, True),
        ({"read_number": 5}, 6, True),
        ({"read_number": 5, "removed_at": func.now()}, 4, False),
        ({"read_number": 5, "removed_at": func.now()}, 5, False),
        ({"read_number": 5, "removed_at": func.now()}, 6, True),
    ],
    ids=["older", "the same", "newer", "older, of a tombstone", "the one that removed it", "newer, of a tombstone"],
)
async def test_only_a_newer_read_overwrites_a_row_or_revives_a_tombstone(
    sessions: Sessions, owner_id: UUID, stored: dict[str, Any], read_number: int, is_written: bool
) -> None:
    """R22, R23"""
    async with transaction(sessions, owner_id) as session:
        account_id = await add_account(session, owner_id)
        row = await make_transaction(session, owner_id, account_id, amount="-1.00", **stored)
        read = mapped(amount="-2.00")._replace(id=row.id, pluggy_id=row.pluggy_id)

        new, rewritten = await bulk.upsert(
            session, owner_id, account_id, [read], read_number=read_number, change_numbers=[9]
        )

        held = select(Transaction.amount, Transaction.removed_at).where(Transaction.id == row.id)
        amount, removed_at = (await session.execute(held)).one()
    assert (new, rewritten) == (set(), {row.pluggy_id} if is_written else set())
    assert amount == Decimal("-2.00" if is_written else "-1.00")
    assert (removed_at is None) == (is_written or "removed_at" not in stored)
