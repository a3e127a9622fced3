"""HTTP of consents."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.clock import utc_now
from app.connections.errors import ConnectionNotFound
from app.consents import service
from app.consents.models import Consent
from app.consents.schemas import ConsentRead, ConsentVersionRead, RenewalRead
from app.consents.validity import ConsentState, notice_due
from app.dependencies import OwnerDep, SessionDep
from app.problems import problem_responses
from app.routing import make_router, requires

router = make_router("connections")


@router.get(
    "/connections/{connection_id}/consent/",
    dependencies=[requires("connections:read")],
    summary="Get the consent behind a connection",
    responses=problem_responses(ConnectionNotFound),
)
async def get_consent(connection_id: UUID, owner: OwnerDep, session: SessionDep) -> ConsentRead:
    """Return what the person allowed, whether it still holds, and all that was seen of it.

    It is read anew in every sync. Revoking is done at the bank, or by deleting the connection.
    """
    now = utc_now()
    state, rows = await service.read(session, owner.id, connection_id, now)
    return shown(connection_id, state, rows, now)


def shown(connection_id: UUID, state: ConsentState, rows: Sequence[Consent], now: datetime) -> ConsentRead:
    """Return what a client sees of a consent."""
    current = state.current
    return ConsentRead(
        connection_id=connection_id,
        consent_id=current and current.pluggy_id,
        type=state.kind,
        is_valid=state.is_valid,
        reason=state.reason,
        products=list(current.products) if current else [],
        permissions=list(current.permissions) if current else [],
        granted_at=current and current.granted_at,
        expires_at=current and current.expires_at,
        revoked_at=current and current.revoked_at,
        renewal=_renewal(state, now),
        history=[_shown_version(row) for row in rows],
    )


def _renewal(state: ConsentState, now: datetime) -> RenewalRead | None:
    expires_at = state.current.expires_at if state.current is not None and state.is_valid else None
    if expires_at is None:
        return None
    return RenewalRead(days_left=(expires_at - now).days, notice_days=notice_due(expires_at, now))


def _shown_version(row: Consent) -> ConsentVersionRead:
    return ConsentVersionRead(
        consent_id=row.pluggy_id,
        event=row.event,
        seen_at=row.seen_at,
        seen_by=row.seen_by,
        products=row.products,
        permissions=row.permissions,
        granted_at=row.granted_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
