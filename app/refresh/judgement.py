"""Whether the bank may be visited for a connection, by machine or for a person. Pure."""

from datetime import datetime, timedelta

from app.connections.models import BankConnection
from app.connections.status import Action, ActionKind, judge
from app.pluggy.models import ItemStatus

REPAIR_SPACING = timedelta(hours=1)


def action_before_visit(connection: BankConnection, now: datetime) -> Action | None:
    """Return what a person must do before the bank can be visited, or wait for; None when nothing stands in the way.

    An outage is no reason not to try; a login that is backed off, or a prompt on its way, is.
    """
    verdict = judge(connection, now)
    action = verdict.action
    if action is not None and not verdict.is_ready and (action.kind != ActionKind.WAIT or action.reason in _BARS):
        return action
    if connection.mfa_parameter is not None and connection.status not in _BUSY:
        return Action(ActionKind.PROVIDE_MFA, "mfa_code", prompt=connection.mfa_parameter)
    return None


def is_mendable(connection: BankConnection, now: datetime) -> bool:
    """Tell whether a machine may have the bank visited to end an outage: never after a refused login."""
    is_outdated = connection.status == ItemStatus.OUTDATED and connection.outage_started_at is not None
    return is_outdated and connection.update_refusal is None and action_before_visit(connection, now) is None


_BARS = frozenset({"login_backoff", "prompt_on_its_way"})
_BUSY = frozenset({ItemStatus.UPDATING, ItemStatus.MERGING})
