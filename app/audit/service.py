"""The trail of privileged acts."""

from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import repository
from app.events.types import thin
from app.ids import new_id

Act = Literal[
    "api_key.created",
    "api_key.rotated",
    "api_key.revoked",
    "account.number_read",
    "counterparty.document_read",
    "transaction.documents_read",
    "transactions.exported",
    "connection.adopted",
    "connection.sync_requested",
    "webhook_endpoint.created",
    "webhook_endpoint.rotated",
    "webhook_endpoint.deleted",
    "cache.cleared",
    "work.redriven",
    "work.reconciled",
    "keys.resealed",
    "webhook.registered",
    "webhook.replayed",
    "webhook.secret_rotated",
]


async def record_act(
    session: AsyncSession,
    act: Act,
    *,
    actor: str,
    owner_id: UUID | None,
    subject_id: UUID | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Record who did what, in the transaction that does it: no entry, no act (R69).

    `actor` is `Principal.actor`, or `operator:<name>`. `details` takes what an event's data takes, no personal data.
    """
    row = {
        "id": new_id(),
        "owner_id": owner_id,
        "actor": actor,
        "act": act,
        "subject_id": subject_id,
        "details": thin(details or {}),
        "request_id": structlog.contextvars.get_contextvars().get("request_id"),
    }
    await repository.add(session, row)
