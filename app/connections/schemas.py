"""What the API accepts and shows of connections."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, SecretStr, StringConstraints, model_validator

from app.connections import examples
from app.freshness import Freshness
from app.schemas import ApiModel, Input

Product = Annotated[str, StringConstraints(pattern="^[A-Z][A-Z_]{0,39}$")]
ParameterName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=4096)]


class ConnectTokenRequest(Input):
    """What the widget is to be opened for; an empty body connects a new bank."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"products": ["ACCOUNTS", "TRANSACTIONS"]}, {"connection_id": examples.ROW["id"]}]
        }
    )

    connection_id: Annotated[UUID | None, Field(description="Repair this connection instead of making one.")] = None
    products: Annotated[
        list[Product], Field(max_length=20, description="Collect only these products of Pluggy, e.g. ACCOUNTS.")
    ] = []
    oauth_redirect_uri: Annotated[
        str | None,
        Field(max_length=500, description="Where the person lands after the bank; one of OAUTH_REDIRECT_URIS."),
    ] = None


class ConnectTokenRead(ApiModel):
    """A token for one opening of the widget. `widget` holds the props of Pluggy Connect, ready to pass on."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TOKEN]})

    connect_token: str
    expires_at: datetime
    widget: dict[str, object]
    connect_url: str


class FromItemRequest(Input):
    """The item that the widget reported by `onSuccess`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item_id": examples.ROW["item_id"]}]})

    item_id: UUID


class CredentialsRequest(Input):
    """New credentials by the names of the connector's; never stored by us. Without them, what to ask them with."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"parameters": {"user": "user-ok", "password": "password-ok"}}, {}]}
    )

    parameters: Annotated[dict[ParameterName, Secret] | None, Field(min_length=1, max_length=20)] = None


class MfaRequest(Input):
    """The answer to what the bank asks for: `value`, or `parameters` by the prompt's name; never stored by us."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"value": "123456"}, {"parameters": {"token": "123456"}}]}
    )

    value: Secret | None = None
    parameters: Annotated[dict[ParameterName, Secret] | None, Field(min_length=1, max_length=20)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "MfaRequest":
        if (self.value is None) == (self.parameters is None):
            raise ValueError("Send either `value` or `parameters`.")
        return self


class InstitutionRead(ApiModel):
    """The bank behind a connection."""

    connector_id: int
    name: str
    image_url: str | None
    is_open_finance: bool
    is_oauth: bool
    is_sandbox: bool
    health: Annotated[str | None, Field(description="`ONLINE`, `UNSTABLE`, `OFFLINE`, as last read; an open enum.")]


class OptionRead(ApiModel):
    """One choice of a prompt."""

    value: str | None
    label: str | None


class PromptRead(ApiModel):
    """What to show the person and ask for. `data` is an image in base64, or what a QR code says."""

    name: Annotated[str | None, Field(description="The parameter's name; `update_mfa` with `value` needs it not.")]
    label: str | None
    type: Annotated[str | None, Field(description="text, number, password, image, select, qr…; an open enum.")]
    data: str | None
    options: list[OptionRead]
    validation: str | None
    validation_message: str | None
    placeholder: str | None
    assistive_text: str | None
    instructions: str | None


class ActionRead(ApiModel):
    """What the person must do next, by `kind`; show `user_message` as it is.

    `update_credentials`: ask for the login, send it to `update_credentials/`. `provide_mfa`: show `prompt`, send the
    answer to `update_mfa/`. `authorize`: open `url`. `approve_on_device`: act in the bank's own app or site (`url` or
    `prompt` where there is one). `await_other_approvers`: others must approve at the bank. `reconnect`: an empty
    `update_credentials/` where the item still exists, else a new connection. `wait`: nothing, until `retry_at`.
    """

    kind: str
    reason: Annotated[str, Field(description="Why, as a stable word; an open enum.")]
    user_message: Annotated[str, Field(description="pt-BR, or English by `Accept-Language`.")]
    provider_message: Annotated[str | None, Field(description="The bank's own words, if it said any.")]
    prompt: PromptRead | None
    url: str | None
    expires_at: datetime | None
    retry_at: datetime | None


class ConsentSummary(ApiModel):
    """How the consent stands. `reason`: active, revoked, expired, not_granted, item_deleted."""

    type: Annotated[str, Field(description="`open_finance`, or `direct` for a login outside it.")]
    is_valid: bool
    reason: str
    granted_at: datetime | None
    expires_at: Annotated[datetime | None, Field(description="Null is no expiry, the norm.")]
    revoked_at: datetime | None


class ConnectionRow(ApiModel):
    """A bank login or consent. `status` and `execution_status` are Pluggy's words, `health` the legacy ones."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ROW]})

    id: UUID
    item_id: UUID | None
    institution: InstitutionRead
    products: list[str]
    status: Annotated[str, Field(description="Of the item; `DELETED` when Pluggy no longer has it. An open enum.")]
    execution_status: str | None
    health: Annotated[
        str,
        Field(
            description="HEALTHY, PARTIAL_SUCCESS, UPDATING, WAITING_USER_INPUT, INVALID_CREDENTIALS, LOGIN_ERROR, "
            "ERROR, SUSPENDED or UNKNOWN."
        ),
    ]
    is_ready: Annotated[bool, Field(description="The last visit to the bank ended well.")]
    is_failed: Annotated[bool, Field(description="It ended badly: see `action_required`.")]
    action_required: ActionRead | None
    error_code: str | None
    poll_status: Annotated[
        str | None, Field(description="`polling` while the outcome of a visit is awaited, `finished`, or `timed_out`.")
    ]
    poll_deadline_at: datetime | None
    last_read_at: Annotated[datetime | None, Field(description="When our copy was last brought up to date.")]
    item_updated_at: Annotated[datetime | None, Field(description="When Pluggy last finished visiting the bank.")]
    next_sync_at: Annotated[datetime | None, Field(description="When our copy is read next, at the latest.")]
    consent_expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


class RetriesRead(ApiModel):
    """The bounded repair of an outage: how many visits were asked for, of how many, and when the next one is due."""

    used: int
    of: int
    next_at: datetime | None


class AutoRefreshRead(ApiModel):
    """Whether Pluggy visits the bank on its own schedule.

    `reason` when not: visit_under_way, mfa, credentials_needed, consent_ended, disabled, not_scheduled, item_deleted.
    """

    is_on: bool
    reason: str | None
    next_at: datetime | None


class ProductWarningRead(ApiModel):
    """Something that a product lacks. Code `423`: the month's quota of Open Finance is used up."""

    code: str | None
    message: str | None
    provider_message: str | None


class ProductRead(ApiModel):
    """How fresh one product is; unless `is_updated`, older data is what there is."""

    product: str
    is_updated: bool
    last_updated_at: datetime | None
    warnings: list[ProductWarningRead]


class LastSyncRead(ApiModel):
    """The connection's newest sync run, in short; more at `syncs/{id}/`."""

    id: UUID
    trigger: str
    status: str
    error_code: str | None
    created_at: datetime
    finished_at: datetime | None


class ConnectionRead(ConnectionRow):
    """A connection with how fresh it is, its consent, its retries and its newest sync."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CONNECTION]})

    retries: RetriesRead
    auto_refresh: AutoRefreshRead
    product_freshness: list[ProductRead]
    freshness: Freshness
    consent: ConsentSummary
    last_sync: LastSyncRead | None
    same_institution: Annotated[
        list[UUID],
        Field(description="The caller's other connections at this bank: one login must not be connected twice."),
    ]


class AuthorizationRead(ApiModel):
    """The bank's page to open, and the state that leads back."""

    authorization_url: Annotated[str | None, Field(description="Null until the bank has given it.")]
    state: str
    expires_at: datetime


class RepairRead(ApiModel):
    """How the repair goes on: a visit is under way (202), or open the widget or the bank's page first (200)."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REPAIR]})

    connection: ConnectionRead
    connect_token: ConnectTokenRead | None
    authorization: AuthorizationRead | None


class DeletionRead(ApiModel):
    """A deletion to follow: our data is gone at once; `status` is `finished` when Pluggy has let go as well."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.DELETION]})

    id: UUID
    connection_id: UUID
    status: str
    created_at: datetime
    finished_at: datetime | None


def plain(values: dict[str, SecretStr] | None) -> dict[str, Any] | None:
    """Return what was sent, to be passed on at once."""
    return None if values is None else {name: value.get_secret_value() for name, value in values.items()}
