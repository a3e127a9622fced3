"""Rows of the ledger for the tests of its reads."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Sessions, transaction
from tests.factories import make_account, make_connection, make_transaction
from tests.readers import ROOT

LIST = ROOT + "transactions/"


async def add_account(session: AsyncSession, owner_id: UUID, **given: Any) -> UUID:
    connection = await make_connection(session, owner_id)
    return (await make_account(session, owner_id, connection.id, **given)).id


async def add_rows(sessions: Sessions, owner_id: UUID, *given: dict[str, Any]) -> list[UUID]:
    """Add one transaction each to an account of its own, and return their ids."""
    async with transaction(sessions, owner_id) as session:
        account_id = await add_account(session, owner_id)
        return [(await make_transaction(session, owner_id, account_id, **each)).id for each in given]


def ids(rows: list[dict[str, Any]]) -> list[UUID]:
    return [UUID(row["id"]) for row in rows]
