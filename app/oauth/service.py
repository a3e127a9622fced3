"""Use cases of authorisations, each inside the caller's transaction."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.connections import service as connections
from app.connections.models import BankConnection
from app.database import database_now
from app.events.service import record_event
from app.jobs import Kind, ring_on_commit
from app.oauth import repository
from app.oauth.errors import StateExpired, StateNotFound, StateUsed
from app.oauth.models import OAuthFlow, PollStatus
from app.oauth.outcome import Outcome, outcome_of
from app.settings import SyncSettings
from app.sync import service as sync
from app.sync.models import SyncTrigger

log = structlog.get_logger()

STATE_LIFE = timedelta(minutes=10)
_STATE_BYTES = 32
_WATCHED = frozenset({PollStatus.POLLING, PollStatus.TIMED_OUT})


def new_state() -> str:
    """Return 256 random bits in the letters of a URL (R59)."""
    return secrets.token_urlsafe(_STATE_BYTES)


def hash_of(state: str) -> bytes:
    """Return what is stored of a state."""
    return hashlib.sha256(state.encode(errors="replace")).digest()


async def open_flow(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, state: str, *, return_url: str | None
) -> datetime:
    """Remember where the state leads back to; return until when it does."""
    now = await database_now(session)
    flow = OAuthFlow(
        state_hash=hash_of(state),
        owner_id=owner_id,
        connection_id=connection_id,
        return_url=return_url,
        expires_at=now + STATE_LIFE,
    )
    await repository.add(session, flow)
    return flow.expires_at


async def find_flow(session: AsyncSession, state: str) -> OAuthFlow | None:
    """Return the flow of a state, whoever's it is and whatever became of it."""
    return await repository.find(session, hash_of(state))


async def use_state(session: AsyncSession, flow: OAuthFlow) -> bool:
    """Use the state up; False when it is expired or was used (R59)."""
    return await repository.use(session, flow)


async def take_up(session: AsyncSession, owner_id: UUID, state: str, item_id: UUID | None) -> BankConnection:
    """Use up a state of this owner and return its connection.

    Raises StateNotFound, also for a state of another owner or item, StateUsed, StateExpired.
    """
    flow = await find_flow(session, state)
    if flow is None or flow.owner_id != owner_id:
        raise StateNotFound
    connection = await connections.get(session, owner_id, flow.connection_id)
    if item_id is not None and connection.item_id not in {None, item_id}:
        raise StateNotFound
    if await use_state(session, flow):
        return connection
    is_expired = flow.used_at is None and flow.expires_at <= await database_now(session)
    raise StateExpired(connection.id) if is_expired else StateUsed(connection.id)


async def find_newest_flow(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> OAuthFlow | None:
    """Return the connection's newest authorisation."""
    return await repository.find_newest(session, owner_id, connection_id)


async def discard(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget an authorisation that Pluggy refused to begin, and its connection."""
    await repository.drop_of_connection(session, owner_id, connection_id)
    await owed.drop(session, Kind.POLL, connection_id)
    await connections.discard_awaiting_item(session, owner_id, connection_id)


async def watch(session: AsyncSession, owner_id: UUID, connection_id: UUID, figures: SyncSettings) -> None:
    """Watch the item from now on, for POLL_TIMEOUT_SECONDS: owed work, so that no restart loses it."""
    now = await database_now(session)
    deadline = now + timedelta(seconds=figures.poll_timeout_seconds)
    interval = timedelta(seconds=figures.poll_interval_seconds)
    await connections.set_polling(session, owner_id, connection_id, status=PollStatus.POLLING, deadline_at=deadline)
    await owed.add(session, Kind.POLL, owner_id, connection_id, due_at=now + interval)
    ring_on_commit(session, Kind.POLL, owner_id, connection_id, after=interval)


async def resume(session: AsyncSession, owner_id: UUID, connection_id: UUID, figures: SyncSettings) -> None:
    """The person is back from the bank: look now, and watch anew when the watch had run out."""
    connection = await connections.get(session, owner_id, connection_id)
    if connection.poll_status == PollStatus.TIMED_OUT:
        await watch(session, owner_id, connection_id, figures)
    await look_soon(session, owner_id, connection_id)


async def look_soon(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Look at once instead of at the next interval, and once more when the watch had run out; else nothing."""
    connection = await connections.get(session, owner_id, connection_id)
    if connection.poll_status == PollStatus.POLLING:
        await owed.hasten(session, Kind.POLL, owner_id, connection_id)
    elif connection.poll_status == PollStatus.TIMED_OUT:
        await owed.add(session, Kind.POLL, owner_id, connection_id)


async def settle(session: AsyncSession, owner_id: UUID, connection_id: UUID, figures: SyncSettings) -> timedelta | None:
    """Judge what was seen last: end the watch, with a sync when it went well, or return when to look again.

    What a person must do now was told when the item's state was recorded.

    Raises ConnectionNotFound.
    """
    connection = await connections.hold(session, owner_id, connection_id)
    if connection.poll_status not in _WATCHED:
        return None
    outcome = outcome_of(connection)
    if outcome is Outcome.PENDING:
        return await _go_on(session, connection, figures)
    await connections.set_polling(
        session, owner_id, connection_id, status=PollStatus.FINISHED, deadline_at=connection.poll_deadline_at
    )
    log.info("poll_finished", connection_id=str(connection_id), outcome=outcome.value)
    if outcome is Outcome.SUCCEEDED:
        await sync.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.CONNECT)
    return None


async def _go_on(session: AsyncSession, connection: BankConnection, figures: SyncSettings) -> timedelta | None:
    owner_id, connection_id, deadline = connection.owner_id, connection.id, connection.poll_deadline_at
    now = await database_now(session)
    if deadline is not None and deadline > now:
        delay = min(timedelta(seconds=figures.poll_interval_seconds), deadline - now)
        ring_on_commit(session, Kind.POLL, owner_id, connection_id, after=delay)
        return delay
    if connection.poll_status != PollStatus.TIMED_OUT:
        await connections.set_polling(
            session, owner_id, connection_id, status=PollStatus.TIMED_OUT, deadline_at=deadline
        )
        told = {"connection_id": connection_id, "poll_status": PollStatus.TIMED_OUT}
        await record_event(session, owner_id, "connection.updated", told)
        log.info("poll_timed_out", connection_id=str(connection_id), status=connection.status)
        if connection.item_id is not None and connection.next_sync_at is None:
            due_at = now + timedelta(hours=figures.auto_sync_interval_hours)
            await owed.add(session, Kind.SCHEDULE, owner_id, connection_id, due_at=due_at)
    return None
