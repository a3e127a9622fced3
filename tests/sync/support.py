"""What the tests of syncs share."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text

from app.connections import flow as connections
from app.connections.models import BankConnection
from app.database import transaction
from app.resources import Resources
from app.sync import service
from app.sync.models import SyncRun, SyncTrigger
from tests.stand_in import StandIn
from worker.job import Runner


async def connect(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, *, user: str = "user-ok"
) -> BankConnection:
    """A connection whose first sync is over."""
    connection = await connect_without_sync(resources, stand_in, owner_id, user=user)
    await runner.settle()
    return connection


async def connect_without_sync(
    resources: Resources, stand_in: StandIn, owner_id: UUID, *, user: str = "user-ok", products: Sequence[str] = ()
) -> BankConnection:
    """A connection whose first sync is queued."""
    item_id = await stand_in.make_item(owner_id, user=user, products=products)
    await connections.create_from_item(resources, owner_id, item_id)
    async with transaction(resources.sessions, owner_id) as session:
        made = await session.execute(select(BankConnection).where(BankConnection.item_id == item_id))
        return made.scalar_one()


async def queue_sync(resources: Resources, connection: BankConnection) -> UUID:
    """Ask for a run and return its id."""
    async with transaction(resources.sessions, connection.owner_id) as session:
        run = await service.request_sync(session, connection.owner_id, connection.id, trigger=SyncTrigger.API)
    return run.id


async def sync(resources: Resources, runner: Runner, connection: BankConnection) -> SyncRun:
    """Ask for a run, carry it out and return it."""
    run_id = await queue_sync(resources, connection)
    await runner.settle()
    return await get_run(resources, connection.owner_id, run_id)


async def get_run(resources: Resources, owner_id: UUID, run_id: UUID) -> SyncRun:
    """The run as it stands."""
    async with transaction(resources.sessions, owner_id) as session:
        return await service.get(session, owner_id, run_id)


async def due_now(resources: Resources) -> None:
    """Let the waits of runs be over."""
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE kind = 'sync' AND due_at < 'infinity'"))
