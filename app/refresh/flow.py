"""A person's sync: Pluggy is asked to visit the bank where that is allowed, then a run is queued that reads."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.connections import service as connections
from app.connections.models import BankConnection
from app.connections.refusals import (
    AlreadyUpdating,
    InstitutionOffline,
    ItemGone,
    UpdatesNotPossible,
    VisitedTooRecently,
    VisitRefused,
)
from app.connections.status import DELETED, Action, ActionKind
from app.database import in_transaction, transaction
from app.http_errors import InvalidRequest
from app.oauth.errors import ItemNotMade
from app.pluggy.errors import PluggyRateLimited, PluggyUnavailable
from app.pluggy.limits import Lane
from app.pluggy.models import ItemStatus
from app.refresh.errors import PersonNeeded
from app.refresh.judgement import action_before_visit
from app.refresh.visit import Visit, ask_visit, read_item
from app.resources import Resources
from app.sync import service as sync
from app.sync.models import SyncRun, SyncTrigger

Wish = Literal["auto"] | bool
_UNDER_WAY = frozenset({ItemStatus.UPDATING, ItemStatus.MERGING})


class RefreshStatus(StrEnum):
    """What became of the wish to have the bank visited."""

    REQUESTED = "requested"
    TOO_SOON = "too_soon"
    NOT_POSSIBLE = "not_possible"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True)
class Refresh:
    """The same, and from when Pluggy allows the next visit, where it said so."""

    status: RefreshStatus
    next_allowed_at: datetime | None = None


async def sync_now(
    resources: Resources, owner_id: UUID, connection_id: UUID, *, wish: Wish, is_person: bool
) -> tuple[SyncRun, Refresh]:
    """Queue a run, after Pluggy was asked to visit the bank if that is wished: `"auto"` is a person's wish only.

    Reading goes on whatever becomes of the visit; only `True` insists. Raises ConnectionNotFound, ItemNotMade, and when
    the visit is insisted on and can't be: PersonNeeded, ItemGone, PluggyError.
    """
    async with transaction(resources.sessions, owner_id) as session:
        connection = await connections.get(session, owner_id, connection_id)
    if connection.item_id is None:
        raise ItemNotMade(connection_id)
    refresh = Refresh(RefreshStatus.NOT_ASKED)
    if wish is True:
        refresh = await _insist(resources, connection)
    elif wish == "auto" and is_person:
        refresh = await _try(resources, connection)

    async def queue(session: AsyncSession) -> SyncRun:
        return await sync.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.API)

    return await in_transaction(resources.sessions, owner_id, queue), refresh


async def _try(resources: Resources, connection: BankConnection) -> Refresh:
    """Refresh where it is possible."""
    try:
        return await _insist(resources, connection)
    except (PersonNeeded, VisitRefused, InvalidRequest) as refusal:
        backs_off = refusal.action == ActionKind.WAIT and refusal.retry_at is not None
        status = RefreshStatus.TOO_SOON if backs_off else RefreshStatus.NOT_POSSIBLE
        return Refresh(status, refusal.retry_at)
    except PluggyUnavailable:  # the run reads once Pluggy answers again
        return Refresh(RefreshStatus.NOT_POSSIBLE)


async def _insist(resources: Resources, connection: BankConnection) -> Refresh:
    """Refresh, or raise what the person must do instead."""
    allowed_at, now = connection.refresh_allowed_at, utc_now()
    if allowed_at is not None and now < allowed_at:
        return Refresh(RefreshStatus.TOO_SOON, allowed_at)
    connection = await read_item(resources, connection, lane=Lane.USER)
    if connection.status == DELETED:
        raise ItemGone
    if connection.status in _UNDER_WAY:
        return Refresh(RefreshStatus.REQUESTED)
    action = action_before_visit(connection, now)
    if action is not None:
        raise PersonNeeded(action)
    try:
        visit = await ask_visit(resources, connection, lane=Lane.USER)
    except PluggyRateLimited as limit:  # all connections together have 20 visits a minute
        return Refresh(RefreshStatus.TOO_SOON, now + timedelta(seconds=limit.retry_after or 60))
    return _outcome(visit)


def _outcome(visit: Visit) -> Refresh:
    if visit.refusal is None:
        return Refresh(RefreshStatus.REQUESTED)
    match visit.refusal:
        case AlreadyUpdating():
            return Refresh(RefreshStatus.REQUESTED)
        case VisitedTooRecently():
            return Refresh(RefreshStatus.TOO_SOON, visit.allowed_at)
        case InstitutionOffline() | UpdatesNotPossible():
            return Refresh(RefreshStatus.NOT_POSSIBLE)
        case InvalidRequest():  # a value that must be new at every visit
            raise PersonNeeded(Action(ActionKind.UPDATE_CREDENTIALS, "login_error"))
    raise visit.refusal
