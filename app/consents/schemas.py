"""What the API shows of consents."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas import ApiModel

_VERSION: dict[str, Any] = {
    "consent_id": "5f0c3b1e-8a5e-4c0e-9a27-1f6b1f0f4b11",
    "event": "granted",
    "seen_at": "2026-03-04T11:02:41Z",
    "seen_by": "consents",
    "products": ["ACCOUNTS", "TRANSACTIONS"],
    "permissions": ["ACCOUNTS_BALANCES", "ACCOUNTS_LIST", "ACCOUNTS_TRANSACTIONS"],
    "granted_at": "2026-03-04T11:02:30Z",
    "expires_at": None,
    "revoked_at": None,
}


class ConsentVersionRead(ApiModel):
    """What was seen of a consent at one moment.

    `event`: granted, renewed, changed, revoked. `seen_by`: consents (Pluggy's list), item (the bank's answer at a
    visit), deletion (the owner deleted the connection here).
    """

    consent_id: UUID
    event: str
    seen_at: datetime
    seen_by: str
    products: list[str]
    permissions: list[str]
    granted_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


class RenewalRead(ApiModel):
    """A consent with an end that comes near. Asked for at 30, 14, 7 and 1 days."""

    days_left: int
    notice_days: Annotated[int | None, Field(description="The prompt that the remaining time calls for; null: none.")]


class ConsentRead(ApiModel):
    """The consent behind a connection. Permissions exist in Open Finance alone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "connection_id": "01990a5e-5a10-7e02-8f7c-3b9d0e4c1a55",
                    "consent_id": _VERSION["consent_id"],
                    "type": "open_finance",
                    "is_valid": True,
                    "reason": "active",
                    "products": _VERSION["products"],
                    "permissions": _VERSION["permissions"],
                    "granted_at": _VERSION["granted_at"],
                    "expires_at": None,
                    "revoked_at": None,
                    "renewal": None,
                    "history": [_VERSION],
                }
            ]
        }
    )

    connection_id: UUID
    consent_id: Annotated[UUID | None, Field(description="Pluggy's id; null until a consent was seen.")]
    type: Annotated[str, Field(description="`open_finance`, or `direct` for a login outside it.")]
    is_valid: bool
    reason: Annotated[str, Field(description="active, revoked, expired, not_granted, item_deleted; an open enum.")]
    products: list[str]
    permissions: list[str]
    granted_at: datetime | None
    expires_at: Annotated[datetime | None, Field(description="Null is no expiry, the norm.")]
    revoked_at: datetime | None
    renewal: Annotated[RenewalRead | None, Field(description="Null without an expiry.")]
    history: Annotated[list[ConsentVersionRead], Field(description="Newest first, the last 500.")]
