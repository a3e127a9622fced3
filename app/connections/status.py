"""What an item's state means to a client: one pure judgement, by tables. Source: docs/pluggy.md, "Status mapping".

`health` is the legacy word; `action` is what the person must do next, null when nothing. Values that Pluggy adds later
become UNKNOWN and never a crash (R30).
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from app.connections.models import BankConnection
from app.connections.phrases import PHRASES
from app.pluggy.models import CredentialType
from app.pluggy.models import ExecutionStatus as Execution
from app.pluggy.models import ItemStatus as Status

DELETED = "DELETED"
"""Our own word for the status of an item that Pluggy no longer has."""

OFFLINE = "OFFLINE"
TOO_MANY_ERRORS = "TOO_MANY_CONSECUTIVE_ERRORS"


class Health(StrEnum):
    """How a connection is, in the legacy words."""

    HEALTHY = "HEALTHY"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"
    UPDATING = "UPDATING"
    WAITING_USER_INPUT = "WAITING_USER_INPUT"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    LOGIN_ERROR = "LOGIN_ERROR"
    ERROR = "ERROR"
    SUSPENDED = "SUSPENDED"
    UNKNOWN = "UNKNOWN"


READY = frozenset({Health.HEALTHY, Health.PARTIAL_SUCCESS})
FAILED = frozenset({Health.LOGIN_ERROR, Health.INVALID_CREDENTIALS, Health.ERROR, Health.SUSPENDED})


class ActionKind(StrEnum):
    """What a person must do next."""

    UPDATE_CREDENTIALS = "update_credentials"
    PROVIDE_MFA = "provide_mfa"
    AUTHORIZE = "authorize"
    APPROVE_ON_DEVICE = "approve_on_device"
    AWAIT_OTHER_APPROVERS = "await_other_approvers"
    RECONNECT = "reconnect"
    WAIT = "wait"


class Action(NamedTuple):
    """What the person must do. `reason` is the stable name of the table's row, and of its texts."""

    kind: ActionKind
    reason: str
    prompt: dict[str, Any] | None = None
    url: str | None = None
    expires_at: datetime | None = None
    retry_at: datetime | None = None

    def user_message(self, language: str) -> str:
        """Return what to tell the person, in `pt-BR` or `en`."""
        return PHRASES[self.reason][language]


class Verdict(NamedTuple):
    """What a client is told."""

    health: Health
    action: Action | None

    @property
    def is_ready(self) -> bool:
        """The last visit to the bank ended well: there is data to show."""
        return self.health in READY

    @property
    def is_failed(self) -> bool:
        """The last visit ended badly: waiting longer won't help."""
        return self.health in FAILED

    @property
    def is_settled(self) -> bool:
        """Nobody waits for an outcome any more."""
        return self.is_ready or self.is_failed


_BUSY = frozenset({Status.UPDATING, Status.MERGING})
_AWAITING = frozenset({Status.WAITING_USER_INPUT, Status.WAITING_USER_ACTION})
VISITING = _BUSY | _AWAITING
"""A visit is under way: it may be the one that renews a withdrawn or expired consent."""

_BAD_CREDENTIALS = frozenset(
    {Execution.INVALID_CREDENTIALS, Execution.INVALID_CREDENTIALS_MFA, Execution.ACCOUNT_CREDENTIALS_RESET}
)


def _is_revoked(item: BankConnection, _: datetime) -> bool:
    withdrawn = item.consent_revoked_at is not None and item.status not in VISITING
    return withdrawn or item.execution_status == Execution.USER_AUTHORIZATION_REVOKED


def _is_expired(item: BankConnection, now: datetime) -> bool:
    expires_at = item.consent_expires_at
    return expires_at is not None and expires_at <= now and item.status not in VISITING


def _is_partial(item: BankConnection, _: datetime) -> bool:
    return Status.PARTIAL_SUCCESS in (item.status, item.execution_status)


def _is_pending(item: BankConnection, _: datetime) -> bool:
    return item.execution_status == Execution.USER_AUTHORIZATION_PENDING


def _has_status(*statuses: str) -> Callable[[BankConnection, datetime], bool]:
    return lambda item, _: item.status in statuses


def _has_outcome(*outcomes: str) -> Callable[[BankConnection, datetime], bool]:
    return lambda item, _: item.execution_status in outcomes


def _ended_in(*outcomes: str) -> Callable[[BankConnection, datetime], bool]:
    return lambda item, _: item.execution_status in outcomes and item.status not in VISITING


_Test = Callable[[BankConnection, datetime], bool]

HEALTH: tuple[tuple[_Test, Health], ...] = (
    (_has_status(DELETED), Health.SUSPENDED),
    (_is_revoked, Health.SUSPENDED),
    (_is_expired, Health.SUSPENDED),
    (_has_outcome(Execution.ACCOUNT_LOCKED), Health.SUSPENDED),
    (lambda item, _: item.update_refusal == TOO_MANY_ERRORS, Health.SUSPENDED),
    (lambda item, _: item.connector_health == OFFLINE, Health.SUSPENDED),
    (lambda item, _: (item.status, item.execution_status) == (Status.UPDATED, Execution.SUCCESS), Health.HEALTHY),
    (_is_partial, Health.PARTIAL_SUCCESS),
    (_has_outcome(*_BAD_CREDENTIALS), Health.INVALID_CREDENTIALS),
    (_has_status(Status.LOGIN_ERROR), Health.LOGIN_ERROR),
    (_has_status(*_AWAITING), Health.WAITING_USER_INPUT),
    (_is_pending, Health.WAITING_USER_INPUT),
    (_has_status(*_BUSY), Health.UPDATING),
    (_has_status(Status.OUTDATED), Health.ERROR),
)
"""The first row that holds decides; none is UNKNOWN."""


class _Row(NamedTuple):
    """One line of the table of actions; `reason` names its texts."""

    reason: str
    kind: ActionKind
    holds: _Test


def _awaits_oauth(item: BankConnection, _: datetime) -> bool:
    return item.status == Status.WAITING_USER_INPUT and (item.parameter or {}).get("type") == CredentialType.OAUTH


def _awaits(type_: str | None) -> _Test:
    def holds(item: BankConnection, _: datetime) -> bool:
        return item.status == Status.WAITING_USER_INPUT and bool(item.parameter) and _type_of(item) == type_

    return holds


def _type_of(item: BankConnection) -> str | None:
    type_ = (item.parameter or {}).get("type")
    return type_ if type_ in (CredentialType.IMAGE, CredentialType.SELECT) else None


def _backs_off(item: BankConnection, now: datetime) -> bool:
    return item.status == Status.LOGIN_ERROR and item.can_retry_at is not None and now < item.can_retry_at


def _wrong_code(item: BankConnection, _: datetime) -> bool:
    return item.execution_status == Execution.INVALID_CREDENTIALS_MFA and item.mfa_parameter is not None


def _oauth_failed(item: BankConnection, _: datetime) -> bool:
    return item.is_oauth and (item.execution_status in _BAD_CREDENTIALS or item.status == Status.LOGIN_ERROR)


ACTIONS: tuple[_Row, ...] = (
    _Row("item_deleted", ActionKind.RECONNECT, _has_status(DELETED)),
    _Row("consent_revoked", ActionKind.RECONNECT, _is_revoked),
    _Row("consent_expired", ActionKind.RECONNECT, _is_expired),
    _Row(
        "account_locked_oauth",
        ActionKind.RECONNECT,
        lambda item, _: item.is_oauth and item.execution_status == Execution.ACCOUNT_LOCKED,
    ),
    _Row("account_locked", ActionKind.UPDATE_CREDENTIALS, _has_outcome(Execution.ACCOUNT_LOCKED)),
    _Row("too_many_errors", ActionKind.RECONNECT, lambda item, _: item.update_refusal == TOO_MANY_ERRORS),
    _Row("institution_offline", ActionKind.WAIT, lambda item, _: item.connector_health == OFFLINE),
    _Row("authorize_at_bank", ActionKind.AUTHORIZE, _awaits_oauth),
    _Row("mfa_image", ActionKind.PROVIDE_MFA, _awaits(CredentialType.IMAGE)),
    _Row("mfa_select", ActionKind.PROVIDE_MFA, _awaits(CredentialType.SELECT)),
    _Row("mfa_code", ActionKind.PROVIDE_MFA, _awaits(None)),
    _Row("prompt_on_its_way", ActionKind.WAIT, _has_status(Status.WAITING_USER_INPUT)),
    _Row(
        "scan_code",
        ActionKind.APPROVE_ON_DEVICE,
        lambda item, _: item.status == Status.WAITING_USER_ACTION and (item.user_action or {}).get("type") == "qr",
    ),
    _Row("approve_access", ActionKind.APPROVE_ON_DEVICE, _has_status(Status.WAITING_USER_ACTION)),
    _Row(
        "other_approvers",
        ActionKind.AWAIT_OTHER_APPROVERS,
        lambda item, now: _is_pending(item, now) and item.is_open_finance,
    ),
    _Row("approve_device", ActionKind.APPROVE_ON_DEVICE, _is_pending),
    _Row("login_backoff", ActionKind.WAIT, _backs_off),
    _Row("not_granted", ActionKind.RECONNECT, _ended_in(Execution.USER_AUTHORIZATION_NOT_GRANTED)),
    _Row("login_refused_oauth", ActionKind.RECONNECT, _oauth_failed),
    _Row("wrong_code_renew", ActionKind.PROVIDE_MFA, _wrong_code),
    _Row("wrong_code", ActionKind.UPDATE_CREDENTIALS, _has_outcome(Execution.INVALID_CREDENTIALS_MFA)),
    _Row("credentials_reset", ActionKind.UPDATE_CREDENTIALS, _has_outcome(Execution.ACCOUNT_CREDENTIALS_RESET)),
    _Row("invalid_credentials", ActionKind.UPDATE_CREDENTIALS, _has_outcome(Execution.INVALID_CREDENTIALS)),
    _Row("needs_action", ActionKind.APPROVE_ON_DEVICE, _ended_in(Execution.ACCOUNT_NEEDS_ACTION)),
    _Row("not_supported", ActionKind.RECONNECT, _ended_in(Execution.USER_NOT_SUPPORTED)),
    _Row("login_error", ActionKind.UPDATE_CREDENTIALS, _has_status(Status.LOGIN_ERROR)),
    _Row("already_logged_in", ActionKind.WAIT, _ended_in(Execution.ALREADY_LOGGED_IN)),
    _Row(
        "input_expired_oauth",
        ActionKind.RECONNECT,
        lambda item, now: item.is_oauth and _ended_in(Execution.USER_INPUT_TIMEOUT)(item, now),
    ),
    _Row("input_expired", ActionKind.UPDATE_CREDENTIALS, _ended_in(Execution.USER_INPUT_TIMEOUT)),
    _Row("bank_unavailable", ActionKind.WAIT, _ended_in(Execution.SITE_NOT_AVAILABLE, Execution.CONNECTION_ERROR)),
    _Row("bank_failed", ActionKind.WAIT, _has_status(Status.OUTDATED)),
    _Row(
        "other_approvers",
        ActionKind.AWAIT_OTHER_APPROVERS,
        lambda item, _: item.status == Status.UPDATED and item.has_pending_resources,
    ),
    _Row("unknown_state", ActionKind.WAIT, lambda item, now: health_of(item, now) == Health.UNKNOWN),
)
"""The first row that holds decides; none is null."""


def judge(item: BankConnection, now: datetime) -> Verdict:
    """Return what the item's state means at this moment."""
    row = next((row for row in ACTIONS if row.holds(item, now)), None)
    return Verdict(health_of(item, now), None if row is None else _action(row, item))


def health_of(item: BankConnection, now: datetime) -> Health:
    """Return the legacy word for the item's state."""
    return next((health for holds, health in HEALTH if holds(item, now)), Health.UNKNOWN)


def _action(row: _Row, item: BankConnection) -> Action:
    base = Action(row.kind, row.reason)
    parameter, user_action = item.parameter or {}, item.user_action or {}
    match row.reason:
        case "authorize_at_bank":
            expires_at = _instant(parameter.get("expiresAt"))
            return base._replace(url=_web_address(parameter.get("data")), expires_at=expires_at)
        case "mfa_image" | "mfa_select" | "mfa_code":
            return base._replace(prompt=parameter, expires_at=_instant(parameter.get("expiresAt")))
        case "wrong_code_renew":
            return base._replace(prompt=item.mfa_parameter)
        case "scan_code" | "approve_access":
            data = (user_action.get("attributes") or {}).get("data")
            prompt = {**{name: user_action.get(name) for name in ("type", "instructions")}, "data": data}
            expires_at = _instant(user_action.get("expiresAt"))
            return base._replace(prompt=prompt, url=_web_address(data), expires_at=expires_at)
        case "approve_device" | "other_approvers":
            return base._replace(url=_web_address((item.error_attributes or {}).get("data")))
        case "login_backoff":
            return base._replace(retry_at=item.can_retry_at)
        case "bank_unavailable" | "bank_failed" | "already_logged_in":
            return base._replace(retry_at=item.next_retry_at or item.next_auto_sync_at)
    return base


def _web_address(value: object) -> str | None:
    """Return the address if a browser may be sent there: never `javascript:` or the like."""
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
