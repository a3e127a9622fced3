"""Asking Pluggy to visit the bank with what it has: one PATCH, and what its answer means for the connection."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.connections import service as connections
from app.connections.mapping import gone_columns, item_columns
from app.connections.models import BankConnection
from app.connections.refusals import LASTING, LoginBackoff, VisitedTooRecently, refusal_of
from app.database import in_transaction
from app.errors import AppError
from app.pluggy.errors import (
    PluggyAlreadyUpdating,
    PluggyAuthError,
    PluggyNotFound,
    PluggyRateLimited,
    PluggyRefused,
    PluggyTooSoon,
)
from app.pluggy.limits import Lane
from app.resources import Resources


@dataclass(frozen=True)
class Visit:
    """What became of the request: under way unless `refusal` says why not; `allowed_at` when to ask again."""

    refusal: AppError | None = None
    allowed_at: datetime | None = None

    @property
    def is_too_soon(self) -> bool:
        """It may be asked again a little later."""
        return isinstance(self.refusal, VisitedTooRecently | LoginBackoff)


async def read_item(resources: Resources, connection: BankConnection, *, lane: Lane) -> BankConnection:
    """Read the item and return the connection brought up to it. Raises ConnectionNotFound, PluggyError."""
    assert connection.item_id is not None  # noqa: S101 # asked by the callers
    try:
        columns = item_columns(await resources.pluggy.for_lane(lane).get_item(connection.item_id))
    except PluggyNotFound:
        columns = gone_columns()
    return await record(resources, connection, columns)


async def ask_visit(resources: Resources, connection: BankConnection, *, lane: Lane) -> Visit:
    """Have the bank visited with the stored credentials, and keep what the answer says of later visits.

    Raises PluggyAuthError, and PluggyUnavailable when it is unknown whether the visit has begun.
    """
    assert connection.item_id is not None  # noqa: S101 # asked by the callers
    try:
        item = await resources.pluggy.for_lane(lane).update_item(connection.item_id)
    except (PluggyAuthError, PluggyRateLimited):
        raise
    except PluggyAlreadyUpdating:
        return Visit()
    except PluggyRefused as error:
        return await _refused(resources, connection, error)
    started = {**item_columns(item), "update_refusal": None, "can_retry_at": None, "refresh_allowed_at": None}
    await record(resources, connection, started)
    return Visit()


async def _refused(resources: Resources, connection: BankConnection, error: PluggyRefused) -> Visit:
    refusal = refusal_of(error)
    if refusal is None:
        raise error
    allowed_at = refusal.retry_at
    if isinstance(error, PluggyNotFound):
        await record(resources, connection, gone_columns())
    elif error.code in LASTING:
        await record(resources, connection, {"update_refusal": error.code})
    elif isinstance(refusal, LoginBackoff):
        await record(resources, connection, {"can_retry_at": allowed_at})
    elif isinstance(error, PluggyTooSoon):
        allowed_at = allowed_at or utc_now() + timedelta(hours=1)  # the interval that new applications have
        await record(resources, connection, {"refresh_allowed_at": allowed_at})
    return Visit(refusal, allowed_at)


async def record(resources: Resources, connection: BankConnection, columns: dict[str, Any]) -> BankConnection:
    """Bring the connection up to the columns and return it. Raises ConnectionNotFound."""
    owner_id, connection_id = connection.owner_id, connection.id

    async def write(session: AsyncSession) -> BankConnection:
        await connections.hold(session, owner_id, connection_id)
        return await connections.record_item(session, owner_id, connection_id, columns)

    return await in_transaction(resources.sessions, owner_id, write)
