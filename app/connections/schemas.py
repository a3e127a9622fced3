"""What the API accepts and shows of connections."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.schemas import ApiModel, Input


class ConnectTokenRequest(Input):
    """What the widget is to be opened for; an empty body connects a new bank."""

    connection_id: Annotated[UUID | None, Field(description="Repair this connection instead of making one.")] = None
    products: Annotated[
        list[str], Field(max_length=20, description="Collect only these products of Pluggy, e.g. ACCOUNTS.")
    ] = []
    oauth_redirect_uri: Annotated[
        str | None,
        Field(max_length=500, description="Where the person lands after the bank; one of OAUTH_REDIRECT_URIS."),
    ] = None


class ConnectTokenRead(ApiModel):
    """A token for one opening of the widget. `widget` holds the props of Pluggy Connect, ready to pass on."""

    connect_token: str
    expires_at: datetime
    widget: dict[str, object]
    connect_url: str


class FromItemRequest(Input):
    """The item that the widget reported by `onSuccess`."""

    item_id: UUID


class InstitutionRead(ApiModel):
    """The bank behind a connection."""

    connector_id: int
    name: str
    image_url: str | None
    is_open_finance: bool
    is_sandbox: bool


class ConnectionRead(ApiModel):
    """A bank login or consent. `status` and `execution_status` are Pluggy's words, and open enums."""

    id: UUID
    item_id: UUID | None
    institution: InstitutionRead
    products: list[str]
    status: str
    execution_status: str | None
    error_code: str | None
    last_read_at: Annotated[datetime | None, Field(description="When our copy was last brought up to date.")]
    item_updated_at: Annotated[datetime | None, Field(description="When Pluggy last finished visiting the bank.")]
    next_sync_at: Annotated[datetime | None, Field(description="When our copy is read next, at the latest.")]
    consent_expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


class DeletionRead(ApiModel):
    """A deletion to follow: our data is gone at once; `status` is `finished` when Pluggy has let go as well."""

    id: UUID
    connection_id: UUID
    status: str
    created_at: datetime
    finished_at: datetime | None
