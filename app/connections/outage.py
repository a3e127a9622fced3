"""Where an outage begins and ends. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.connections.models import BankConnection
from app.pluggy.models import ExecutionStatus, ItemStatus

_OVER: dict[str, Any] = {
    "outage_started_at": None,
    "retries_used": 0,
    "next_retry_at": None,
    "can_retry_at": None,
    "update_refusal": None,
}


def outage_columns(item: BankConnection, columns: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what new columns mean for the outage: the first OUTDATED begins it, the next UPDATED ends it."""
    status = columns.get("status", item.status)
    if status == ItemStatus.UPDATED:
        return _OVER
    outcome = columns.get("execution_status", item.execution_status)
    is_outage = status == ItemStatus.OUTDATED and outcome != ExecutionStatus.USER_AUTHORIZATION_PENDING
    return {"outage_started_at": now} if is_outage and item.outage_started_at is None else {}
