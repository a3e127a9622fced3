"""What a new state of an item begins and ends: outages, waits, and the withdrawal of a consent. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.connections.mapping import gone_columns
from app.connections.models import BankConnection
from app.connections.status import DELETED
from app.pluggy.models import ExecutionStatus, ItemStatus

_OVER: dict[str, Any] = {
    "outage_started_at": None,
    "retries_used": 0,
    "next_retry_at": None,
    "can_retry_at": None,
    "update_refusal": None,
}


def consequences(item: BankConnection, columns: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what else changes with new columns: the first OUTDATED begins an outage, the next UPDATED ends it.

    A visit that went well after a consent was withdrawn went under a new one. Of an item that is gone nothing is
    awaited any more.
    """
    status = columns.get("status")
    if status is None:
        return {}
    if status == DELETED:
        return gone_columns()
    if status == ItemStatus.UPDATED:
        visited_at, revoked_at = columns.get("item_updated_at"), item.consent_revoked_at
        is_renewed = visited_at is not None and revoked_at is not None and visited_at > revoked_at
        return {**_OVER, "consent_revoked_at": None} if is_renewed else _OVER
    outcome = columns.get("execution_status", item.execution_status)
    is_outage = status == ItemStatus.OUTDATED and outcome != ExecutionStatus.USER_AUTHORIZATION_PENDING
    return {"outage_started_at": now} if is_outage and item.outage_started_at is None else {}
