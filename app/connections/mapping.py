"""Pluggy's item to the columns of our connection."""

from datetime import datetime
from typing import Any

import msgspec

from app.connections.status import DELETED
from app.pluggy.models import Connector, Credential, Item


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
        "provider_message": error.provider_message if error else None,
        "error_attributes": error.attributes if error else None,
        "status_detail": _json(item.status_detail),
        "parameter": _json(item.parameter),
        "user_action": _json(item.user_action),
        "mfa_parameter": _json(renewed_credential(connector)),
        "connector_health": connector.health.status if connector and connector.health else None,
        "failed_logins": item.consecutive_failed_login_attempts or 0,
        "has_pending_resources": bool(item.has_resources_pending_authorization),
        "auto_sync_disabled_at": item.auto_sync_disabled_at,
        "consent_expires_at": item.consent_expires_at,
        "item_updated_at": item.last_updated_at,
        "next_auto_sync_at": item.next_auto_sync_at,
    }


def gone_columns() -> dict[str, Any]:
    """Return the columns of a connection whose item Pluggy no longer has: nothing is awaited or scheduled any more."""
    nothing = ("execution_status", "error_code", "error_message", "provider_message", "error_attributes", "parameter")
    return {"status": DELETED, **dict.fromkeys((*nothing, "user_action", "mfa_parameter", "next_auto_sync_at"))}


def renewed_credential(connector: Connector | None) -> Credential | None:
    """Return the credential that must be new at every visit (1-step MFA), if there is one."""
    credentials = connector.credentials or () if connector else ()
    return next((credential for credential in credentials if credential.mfa), None)


def _json(value: Any) -> Any:
    if value is None:
        return None
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=datetime.isoformat))  # as JSONB gives it back
