"""Use cases of consents, each inside the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import service as connections
from app.connections.models import BankConnection
from app.connections.status import DELETED
from app.consents import repository
from app.consents.mapping import Version, kept_version, to_version
from app.consents.models import Consent, ConsentEvent, SeenBy
from app.consents.validity import ConsentState, as_withdrawn, change, notice_due, state_of
from app.events.service import record_event
from app.events.types import EventType
from app.pluggy.models import Consent as PluggyConsent
from app.pluggy.models import ExecutionStatus

HISTORY_LIMIT = 500
_TOLD: dict[ConsentEvent, EventType] = {
    ConsentEvent.GRANTED: "consent.granted",
    ConsentEvent.RENEWED: "consent.granted",
    ConsentEvent.REVOKED: "consent.revoked",
}


async def record(
    session: AsyncSession,
    owner_id: UUID,
    connection_id: UUID,
    consents_from_pluggy: Sequence[PluggyConsent],
    now: datetime,
) -> ConsentState:
    """Keep what Pluggy shows of a connection's consents, tell of what changed, and return how its consent stands.

    Call it in every run after the item's state was recorded, before and after reading data; safe to repeat. A consent
    that is missing from the list is left as it was. Raises ConnectionNotFound.
    """
    connection = await connections.get(session, owner_id, connection_id)
    kept = {row.pluggy_id: row for row in await repository.latest(session, owner_id, connection_id)}
    shown = {consent.id: to_version(consent) for consent in consents_from_pluggy}
    seen_by = dict.fromkeys(shown, SeenBy.CONSENTS)
    if connection.execution_status == ExecutionStatus.USER_AUTHORIZATION_REVOKED and shown:
        current = max(shown.values(), key=lambda version: version.rank)
        if current.revoked_at is None:
            last = kept.get(current.pluggy_id)
            shown[current.pluggy_id] = as_withdrawn(current, (last and last.revoked_at) or now)
            seen_by[current.pluggy_id] = SeenBy.ITEM
    for version in sorted(shown.values(), key=lambda version: version.rank[1]):
        await _keep(session, connection, kept.get(version.pluggy_id), version, seen_by[version.pluggy_id], now)
    versions = {**{pluggy_id: kept_version(row) for pluggy_id, row in kept.items()}, **shown}
    state = _state(connection, versions.values(), now)
    await _settle(session, connection, state, now)
    return state


async def withdraw(session: AsyncSession, owner_id: UUID, connection_id: UUID, now: datetime) -> None:
    """Keep in the history that the owner's deletion of the connection withdrew its consents (R67)."""
    for row in await repository.latest(session, owner_id, connection_id):
        if row.revoked_at is None:
            version = as_withdrawn(kept_version(row), now)
            await _append(session, owner_id, connection_id, row, version, ConsentEvent.REVOKED, SeenBy.DELETION, now)


async def read(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, now: datetime
) -> tuple[ConsentState, Sequence[Consent]]:
    """Return how a connection's consent stands, and its history, newest first. Raises ConnectionNotFound."""
    connection = await connections.get(session, owner_id, connection_id)
    versions = [kept_version(row) for row in await repository.latest(session, owner_id, connection_id)]
    rows = await repository.history(session, owner_id, connection_id, limit=HISTORY_LIMIT)
    return _state(connection, versions, now), rows


def _state(connection: BankConnection, versions: Iterable[Version], now: datetime) -> ConsentState:
    return state_of(
        versions,
        is_open_finance=connection.is_open_finance,
        is_deleted=connection.status == DELETED,
        now=now,
    )


async def _keep(
    session: AsyncSession,
    connection: BankConnection,
    last: Consent | None,
    version: Version,
    seen_by: SeenBy,
    now: datetime,
) -> None:
    event = change(None if last is None else kept_version(last), version)
    if event is None:
        return
    owner_id, connection_id = connection.owner_id, connection.id
    if await _append(session, owner_id, connection_id, last, version, event, seen_by, now) and event in _TOLD:
        told = {"connection_id": connection_id, "consent_id": version.pluggy_id, "seen_by": seen_by}
        await record_event(session, owner_id, _TOLD[event], told)


async def _append(
    session: AsyncSession,
    owner_id: UUID,
    connection_id: UUID,
    last: Consent | None,
    version: Version,
    event: ConsentEvent,
    seen_by: SeenBy,
    now: datetime,
) -> bool:
    number = 1 if last is None else last.version + 1
    columns = {**asdict(version), "products": list(version.products), "permissions": list(version.permissions)}
    return await repository.append(
        session, owner_id, connection_id, version=number, event=event, seen_by=seen_by, seen_at=now, **columns
    )


async def _settle(session: AsyncSession, connection: BankConnection, state: ConsentState, now: datetime) -> None:
    """Bring the connection's own summary up to date, and ask for a renewal once per step of the remaining time."""
    current = state.current
    expires_at = current.expires_at if current is not None and state.is_valid else None
    due, told_before = notice_due(expires_at, now), connection.consent_notice_days
    if due is not None and (told_before is None or due < told_before):
        told = {"connection_id": connection.id, "days_left": due}
        await record_event(session, connection.owner_id, "consent.expiring", told)
    columns = {
        "consent_granted_at": current and current.granted_at,
        "consent_revoked_at": current and current.revoked_at,
        "consent_notice_days": due,
    }
    await connections.record_item(session, connection.owner_id, connection.id, columns)
