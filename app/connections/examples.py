"""Answers as the documentation shows them."""

from typing import Any, Final

_ID = "01990a5e-5a10-7e02-8f7c-3b9d0e4c1a55"
_INSTITUTION: Final[dict[str, Any]] = {
    "connector_id": 2,
    "name": "Pluggy Bank PF",
    "image_url": "https://cdn.pluggy.ai/assets/connector-icons/2.svg",
    "is_open_finance": False,
    "is_oauth": False,
    "is_sandbox": True,
    "health": "ONLINE",
}
_PROMPT: Final[dict[str, Any]] = {
    "name": "token",
    "label": "Token",
    "type": "number",
    "data": None,
    "options": [],
    "validation": "^.{1,20}$",
    "validation_message": "Informe o código recebido",
    "placeholder": "123456",
    "assistive_text": None,
    "instructions": None,
}
ROW: Final[dict[str, Any]] = {
    "id": _ID,
    "item_id": "a658c848-e475-457b-8565-d1fffba127c4",
    "institution": _INSTITUTION,
    "products": ["ACCOUNTS", "CREDIT_CARDS", "TRANSACTIONS"],
    "status": "WAITING_USER_INPUT",
    "execution_status": "WAITING_USER_INPUT",
    "health": "WAITING_USER_INPUT",
    "is_ready": False,
    "is_failed": False,
    "action_required": {
        "kind": "provide_mfa",
        "reason": "mfa_code",
        "user_message": "O banco pede uma confirmação. Informe o código ou dado solicitado.",
        "provider_message": None,
        "prompt": _PROMPT,
        "url": None,
        "expires_at": "2026-03-04T11:07:41Z",
        "retry_at": None,
    },
    "error_code": None,
    "poll_status": "polling",
    "poll_deadline_at": "2026-03-04T11:07:30Z",
    "last_read_at": None,
    "item_updated_at": None,
    "next_sync_at": None,
    "consent_expires_at": None,
    "created_at": "2026-03-04T11:02:30Z",
    "updated_at": "2026-03-04T11:02:41Z",
}
CONNECTION: Final[dict[str, Any]] = {
    **ROW,
    "retries": {"used": 0, "of": 2, "next_at": None},
    "auto_refresh": {"is_on": False, "reason": "visit_under_way", "next_at": None},
    "product_freshness": [{"product": "ACCOUNTS", "is_updated": False, "last_updated_at": None, "warnings": []}],
    "freshness": {"as_of": None, "next_expected_at": None, "is_stale": True, "warnings": []},
    "consent": {
        "type": "direct",
        "is_valid": True,
        "reason": "active",
        "granted_at": None,
        "expires_at": None,
        "revoked_at": None,
    },
    "last_sync": {
        "id": "01990a5e-5a11-7c33-9a10-5d2e8f0b6c71",
        "trigger": "connect",
        "status": "queued",
        "error_code": None,
        "created_at": "2026-03-04T11:02:30Z",
        "finished_at": None,
    },
    "same_institution": [],
}
TOKEN: Final[dict[str, Any]] = {
    "connect_token": "eyJhbGciOi…",
    "expires_at": "2026-03-04T11:32:30Z",
    "widget": {"connectToken": "eyJhbGciOi…", "includeSandbox": True, "updateItem": ROW["item_id"]},
    "connect_url": "https://connect.pluggy.ai/?connect_token=eyJhbGciOi…&with_sandbox=true",
}
REPAIR: Final[dict[str, Any]] = {"connection": CONNECTION, "connect_token": TOKEN, "authorization": None}
DELETION: Final[dict[str, Any]] = {
    "id": "01990a60-1b2c-7d4e-8f90-a1b2c3d4e5f6",
    "connection_id": _ID,
    "status": "pending",
    "created_at": "2026-03-04T12:00:00Z",
    "finished_at": None,
}
