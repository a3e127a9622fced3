"""What an item's state means for a run."""

from typing import Any

from app.pluggy.models import Item, ItemStatus

BUSY = frozenset({ItemStatus.UPDATING, ItemStatus.MERGING})
AWAITS_PERSON = frozenset({ItemStatus.LOGIN_ERROR, ItemStatus.WAITING_USER_INPUT, ItemStatus.WAITING_USER_ACTION})


def warnings_of(item: Item) -> list[dict[str, Any]]:
    """Return why what is read now may be less than the bank has: an outdated item, products left out, quotas."""
    warnings: list[dict[str, Any]] = []
    if item.status == ItemStatus.OUTDATED:
        warnings.append({"code": "outdated", "subject": None, "message": item.execution_status})
    for product, state in (item.status_detail or {}).items():
        if state is None:
            continue
        if state.is_updated is False:
            warnings.append({"code": "not_updated", "subject": product, "message": None})
        warnings += [
            {"code": warning.code or "warning", "subject": product, "message": warning.message}
            for warning in state.warnings or ()
        ]
    return warnings
