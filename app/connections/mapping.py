"""Pluggy's item to the columns of our connection."""

from typing import Any

import msgspec

from app.pluggy.models import Item


def item_columns(item: Item) -> dict[str, Any]:
    """Return the columns of `connections` that an item decides."""
    connector = item.connector
    error = item.error
    return {
        "connector_id": connector.id if connector else -1,
        "institution_name": (connector.name if connector else None) or "?",
        "institution_image_url": connector.image_url if connector else None,
        "is_sandbox": bool(connector and connector.is_sandbox),
        "is_open_finance": bool(connector and connector.is_open_finance),
        "is_oauth": bool(connector and connector.oauth),
        "products": list(item.products or ()),
        "status": item.status or "UNKNOWN",
        "execution_status": item.execution_status,
        "error_code": error.code if error else None,
        "error_message": error.message if error else None,
        "status_detail": _json(item.status_detail),
        "parameter": _json(item.parameter),
        "user_action": _json(item.user_action),
        "consent_expires_at": item.consent_expires_at,
        "item_updated_at": item.last_updated_at,
        "next_auto_sync_at": item.next_auto_sync_at,
    }


def _json(value: Any) -> Any:
    return None if value is None else msgspec.json.decode(msgspec.json.encode(value))  # as JSONB gives it back
