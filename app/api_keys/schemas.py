"""What clients send and see of API keys."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.owners.principal import KeyScope
from app.schemas import ApiModel, Input

_SHOWN: dict[str, Any] = {
    "id": "019414c0-5d2c-7b8a-9d3e-2f1a6c4b8e07",
    "name": "ERP",
    "hint": "bk_9fQz",
    "scopes": ["accounts:read", "transactions:read"],
    "created_at": "2026-03-04T15:00:00Z",
    "rotated_at": None,
    "expires_at": "2027-03-04T15:00:00Z",
    "last_used_at": None,
    "previous_until": None,
}


class ApiKeyRequest(Input):
    """A key to make. It may bear scopes of the caller only."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "ERP", "scopes": ["accounts:read", "transactions:read"], "expires_in_days": 365}]
        }
    )

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=20)]
    expires_in_days: Annotated[int, Field(ge=1, le=730)] = 365


class ApiKeyRead(ApiModel):
    """One key, without its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    id: UUID
    name: str
    hint: Annotated[str, Field(description="How the secret begins.")]
    scopes: list[str]
    created_at: datetime
    rotated_at: datetime | None
    expires_at: datetime
    last_used_at: Annotated[datetime | None, Field(description="To the minute.")]
    previous_until: Annotated[
        datetime | None, Field(description="Until when the secret before the last rotation works too.")
    ]


class ApiKeyWithSecret(ApiKeyRead):
    """A key with its secret, which is shown this once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_SHOWN, "secret": "bk_9fQz…43 characters…"}]},
    )

    secret: Annotated[str, Field(description="Send it as `Authorization: Bearer bk_…`. Nobody can read it again.")]
