"""How old the data of a connection is, and whether more was to be expected."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from app.connections.models import BankConnection
from app.schemas import ApiModel


class FreshnessWarning(ApiModel):
    """A reason why the data may be less than the bank has. `code` is an open enum; `subject` a product of Pluggy."""

    code: str
    subject: str | None
    message: str | None


class Freshness(ApiModel):
    """When our copy was last brought up to date (null: not yet), when it will be next, and what is amiss."""

    as_of: datetime | None
    next_expected_at: datetime | None
    is_stale: bool
    warnings: list[FreshnessWarning]


def freshness_of(connection: BankConnection, *, interval: timedelta, now: datetime) -> Freshness:
    """Return the freshness of what the connection brought.

    Stale: the bank's last visit did not end well, or the next reading is more than an `interval` overdue.
    """
    due = connection.next_sync_at
    return Freshness(
        as_of=connection.last_read_at,
        next_expected_at=due,
        is_stale=connection.status != "UPDATED" or (due is not None and due + interval < now),
        warnings=list(_warnings(connection)),
    )


def _warnings(connection: BankConnection) -> Iterator[FreshnessWarning]:
    if connection.status != "UPDATED":
        code = connection.status.lower()
        yield FreshnessWarning(code=code, subject=None, message=connection.execution_status)
    for product, state in (connection.status_detail or {}).items():
        if isinstance(state, dict):
            yield from _product_warnings(product, state)


def _product_warnings(product: str, state: dict[str, Any]) -> Iterator[FreshnessWarning]:
    if state.get("isUpdated") is False:
        yield FreshnessWarning(code="not_updated", subject=product, message=None)
    for warning in state.get("warnings") or ():
        code, message = warning.get("code") or "warning", warning.get("message")
        yield FreshnessWarning(code=code, subject=product, message=message)
