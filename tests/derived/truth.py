"""What the stand-in planted, by our ids, and what the service made of it."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import flow as connections
from app.database import transaction
from app.resources import Resources
from app.transactions.models import Transaction
from tests.stand_in import StandIn
from worker.job import Runner

HOME, SECOND_BANK, FIRM = 2, 0, 4


async def connect_banks(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, *connectors: int
) -> list[UUID]:
    """Connect the same person or company at these banks, read them, and return the items."""
    items = [await stand_in.make_item(owner_id, connector_id=connector) for connector in connectors]
    for item_id in items:
        await connections.create_from_item(resources, owner_id, item_id)
    await runner.settle()
    return items


async def facts(stand_in: StandIn) -> dict[str, list[dict[str, Any]]]:
    """What is planted in everything on show."""
    told: dict[str, list[dict[str, Any]]] = (await stand_in.control("GET", "/truth"))["facts"]
    return told


async def pluggy_ids(resources: Resources, owner_id: UUID) -> dict[UUID, str]:
    """Pluggy's ids of the owner's live transactions by ours."""
    async with transaction(resources.sessions, owner_id) as session:
        return await _pluggy_ids(session, owner_id)


async def _pluggy_ids(session: AsyncSession, owner_id: UUID) -> dict[UUID, str]:
    statement = select(Transaction.id, Transaction.pluggy_id).where(
        Transaction.owner_id == owner_id, Transaction.removed_at.is_(None)
    )
    return {row_id: str(pluggy_id) for row_id, pluggy_id in await session.execute(statement)}
