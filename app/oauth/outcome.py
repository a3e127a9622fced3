"""What a connection's state means for whoever waits for its authorisation: pure."""

from datetime import datetime
from enum import Enum

from app.connections.models import BankConnection
from app.connections.status import DELETED
from app.pluggy.models import CredentialType, ExecutionStatus, ItemStatus


class Outcome(Enum):
    """What a person's visit to the bank came to."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_SUCCEEDED = frozenset({ItemStatus.UPDATED, ItemStatus.PARTIAL_SUCCESS})
_FAILED = frozenset({ItemStatus.LOGIN_ERROR, ItemStatus.OUTDATED, DELETED})


def outcome_of(connection: BankConnection) -> Outcome:
    """Return what came of it; other approvers and states we do not know are still awaited (R30)."""
    if connection.status in _SUCCEEDED:
        return Outcome.SUCCEEDED
    if connection.execution_status == ExecutionStatus.USER_AUTHORIZATION_PENDING:
        return Outcome.PENDING
    return Outcome.FAILED if connection.status in _FAILED else Outcome.PENDING


def authorization_url(connection: BankConnection) -> str | None:
    """Return the bank's page on which the person authorises, while it is awaited."""
    parameter = connection.parameter or {}
    return parameter.get("data") if parameter.get("type") == CredentialType.OAUTH else None


def url_expires_at(connection: BankConnection) -> datetime | None:
    """Return until when that page can be used, when the bank says so."""
    text = (connection.parameter or {}).get("expiresAt")
    try:
        return datetime.fromisoformat(text) if authorization_url(connection) and text else None
    except ValueError:
        return None
