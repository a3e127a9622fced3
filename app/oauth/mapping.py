"""Pluggy's connector to a connection that has no item yet."""

from collections.abc import Sequence
from typing import Any

from app.pluggy.models import Connector, ExecutionStatus, ItemStatus


def awaiting_columns(connector: Connector, products: Sequence[str]) -> dict[str, Any]:
    """Return the columns of a connection whose item is about to be made."""
    return {
        "connector_id": connector.id,
        "institution_name": connector.name or "?",
        "institution_image_url": connector.image_url,
        "is_sandbox": bool(connector.is_sandbox),
        "is_open_finance": bool(connector.is_open_finance),
        "is_oauth": True,
        "products": list(products),
        "status": ItemStatus.UPDATING,
        "execution_status": ExecutionStatus.CREATING,
    }
