"""Deleting a connection, inside the caller's transaction: ours at once, Pluggy's as owed work (R35)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.accounts import repository as accounts
from app.balances import repository as balances
from app.bills import repository as bills
from app.changes import ChangeNumber, next_change
from app.charges import repository as charges
from app.clock import utc_now
from app.connections import repository
from app.connections.errors import ConnectionNotFound, DeletionNotFound
from app.connections.mapping import gone_columns
from app.connections.models import Deletion
from app.consents import service as consents
from app.counterparties import repository as counterparties
from app.events.service import record_event
from app.holdings import repository as holdings
from app.idempotency import service as idempotency
from app.ids import new_id
from app.insights import service as insights
from app.installments import repository as installments
from app.jobs import Kind
from app.links import service as links
from app.oauth import repository as oauth
from app.recurring import repository as recurring
from app.sync import repository as runs
from app.sync.models import SyncStatus
from app.transactions import repository as transactions


async def start_deletion(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> Deletion:
    """Hide the connection, fence off its runs, forget what is personal, and owe the deletion at Pluggy (R35).

    What stays is ids and the history of consents (R67). Raises ConnectionNotFound.
    """
    connection = await repository.raise_fence(session, owner_id, connection_id)
    if connection is None:
        raise ConnectionNotFound(connection_id)
    now = utc_now()
    await consents.withdraw(session, owner_id, connection_id, now)
    number = await next_change(session, owner_id)
    hidden = {**gone_columns(), **_FORGOTTEN, "deleting_at": now, "change_number": number}
    await repository.update(session, owner_id, connection_id, hidden)
    await transactions.purge(session, owner_id, connection_id, change_number=number)
    await accounts.purge(session, owner_id, connection_id, change_number=number)
    for derived in (charges, installments, recurring):
        await derived.purge(session, owner_id, connection_id)
    await links.forget(session, owner_id, connection_id, ChangeNumber(session, owner_id, number))
    await counterparties.drop_unused(session, owner_id)
    for mirror in (balances, bills, holdings):
        await mirror.purge(session, owner_id, connection_id)
    await insights.forget_gone(session, owner_id, now=now)
    await oauth.drop_of_connection(session, owner_id, connection_id)
    await idempotency.forget(session, owner_id)
    await _cancel_runs(session, owner_id, connection_id, now)
    for kind in (Kind.SCHEDULE, Kind.POLL, Kind.REPAIR):
        await owed.drop(session, kind, connection_id)
    deletion = await repository.add_deletion(
        session,
        Deletion(owner_id=owner_id, id=new_id(), connection_id=connection_id, item_id=connection.item_id),
    )
    await owed.add(session, Kind.DELETION, owner_id, deletion.id)
    told = {"connection_id": connection_id, "deletion_id": deletion.id}
    await record_event(session, owner_id, "connection.deleted", told)
    return deletion


async def _cancel_runs(session: AsyncSession, owner_id: UUID, connection_id: UUID, now: datetime) -> None:
    """End the queued run and the one under way, whose writes the raised fence refuses from now on (R17)."""
    for status in (SyncStatus.QUEUED, SyncStatus.RUNNING):
        run = await runs.find_live(session, owner_id, connection_id, status)
        if run is not None:
            run.status, run.phase, run.finished_at = SyncStatus.CANCELLED, None, now
            run.error_code, run.error_detail = "connection_deleted", "The connection was deleted."
            await runs.drop_windows(session, owner_id, run.id)
            await owed.drop(session, Kind.SYNC, run.id)


_FORGOTTEN = {"institution_name": "?", "institution_image_url": None, "status_detail": None, "next_retry_at": None}


async def get_deletion(session: AsyncSession, owner_id: UUID, deletion_id: UUID) -> Deletion:
    """Return the deletion. Raises DeletionNotFound."""
    deletion = await repository.find_deletion(session, owner_id, deletion_id)
    if deletion is None:
        raise DeletionNotFound(deletion_id)
    return deletion


async def finish_deletion(session: AsyncSession, deletion: Deletion) -> None:
    """Note that Pluggy no longer has the item; nobody holds it any more."""
    await repository.finish_deletion(session, deletion.owner_id, deletion.id)
    if deletion.item_id is not None:
        await repository.release_item(session, deletion.item_id)
