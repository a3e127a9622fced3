"""What Pluggy sends about connections: connectors, items, consents, webhooks.

Accounts and transactions are in `ledger_models`, investments and loans in `holding_models`.
Enums are open: a field of type `str` whose known values are a StrEnum here compares equal to its members, and an
unknown value is data like any other (R30).
"""

from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from app.pluggy.wire import Instant, Wire


class ItemStatus(StrEnum):
    """Known values of `Item.status`."""

    UPDATING = "UPDATING"
    MERGING = "MERGING"
    UPDATED = "UPDATED"
    LOGIN_ERROR = "LOGIN_ERROR"
    OUTDATED = "OUTDATED"
    WAITING_USER_INPUT = "WAITING_USER_INPUT"
    WAITING_USER_ACTION = "WAITING_USER_ACTION"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"  # seen in a sample of the documentation only


class ExecutionStatus(StrEnum):
    """Known values of `Item.execution_status`: the phase, or the outcome of the last run at the institution."""

    CREATING = "CREATING"
    CREATED = "CREATED"
    CREATE_ERROR = "CREATE_ERROR"
    LOGIN_IN_PROGRESS = "LOGIN_IN_PROGRESS"
    LOGIN_MFA_IN_PROGRESS = "LOGIN_MFA_IN_PROGRESS"
    ACCOUNTS_IN_PROGRESS = "ACCOUNTS_IN_PROGRESS"
    CREDITCARDS_IN_PROGRESS = "CREDITCARDS_IN_PROGRESS"
    TRANSACTIONS_IN_PROGRESS = "TRANSACTIONS_IN_PROGRESS"
    PAYMENT_DATA_IN_PROGRESS = "PAYMENT_DATA_IN_PROGRESS"
    INVESTMENTS_IN_PROGRESS = "INVESTMENTS_IN_PROGRESS"
    INVESTMENTS_TRANSACTIONS_IN_PROGRESS = "INVESTMENTS_TRANSACTIONS_IN_PROGRESS"
    INVESTMENT_TRANSACTIONS_IN_PROGRESS = "INVESTMENT_TRANSACTIONS_IN_PROGRESS"
    IDENTITY_IN_PROGRESS = "IDENTITY_IN_PROGRESS"
    LOANS_IN_PROGRESS = "LOANS_IN_PROGRESS"
    ACCOUNT_STATEMENTS_IN_PROGRESS = "ACCOUNT_STATEMENTS_IN_PROGRESS"
    MERGING = "MERGING"
    WAITING_USER_INPUT = "WAITING_USER_INPUT"
    WAITING_USER_ACTION = "WAITING_USER_ACTION"
    USER_AUTHORIZATION_PENDING = "USER_AUTHORIZATION_PENDING"
    SUCCESS = "SUCCESS"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    INVALID_CREDENTIALS_MFA = "INVALID_CREDENTIALS_MFA"
    ACCOUNT_CREDENTIALS_RESET = "ACCOUNT_CREDENTIALS_RESET"
    ERROR = "ERROR"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"
    MERGE_ERROR = "MERGE_ERROR"
    ALREADY_LOGGED_IN = "ALREADY_LOGGED_IN"
    SITE_NOT_AVAILABLE = "SITE_NOT_AVAILABLE"
    CONNECTION_ERROR = "CONNECTION_ERROR"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED"
    ACCOUNT_NEEDS_ACTION = "ACCOUNT_NEEDS_ACTION"
    USER_NOT_SUPPORTED = "USER_NOT_SUPPORTED"
    USER_INPUT_TIMEOUT = "USER_INPUT_TIMEOUT"
    USER_AUTHORIZATION_NOT_GRANTED = "USER_AUTHORIZATION_NOT_GRANTED"
    USER_AUTHORIZATION_REVOKED = "USER_AUTHORIZATION_REVOKED"


class CredentialType(StrEnum):
    """Known values of `Credential.type`."""

    TEXT = "text"
    PASSWORD = "password"  # noqa: S105 - a kind of input field
    NUMBER = "number"
    IMAGE = "image"
    SELECT = "select"
    OAUTH = "oauth"
    ETHADDRESS = "ethaddress"
    HCAPTCHA = "hcaptcha"


class CredentialOption(Wire, frozen=True):
    """One choice of a `select`."""

    value: str | None = None
    label: str | None = None


class Credential(Wire, frozen=True):
    """An input of a connector, or the one an item waits for. `data`: the OAuth URL, or a base64 image."""

    name: str
    label: str | None = None
    type: str | None = None
    optional: bool | None = None
    mfa: bool | None = None
    data: str | None = None
    options: tuple[CredentialOption, ...] | None = None
    validation: str | None = None
    validation_message: str | None = None
    placeholder: str | None = None
    assistive_text: str | None = None
    instructions: str | None = None
    expires_at: Instant | None = None


class Incident(Wire, frozen=True):
    """A known trouble of a connector."""

    id: str | None = None
    title: str | None = None
    description: str | None = None
    type: str | None = None
    product: str | None = None
    kind: str | None = None
    severity: str | None = None
    state: str | None = None
    started_at: Instant | None = None
    updated_at: Instant | None = None
    url: str | None = None


class ConnectorHealth(Wire, frozen=True):
    """ONLINE, UNSTABLE or OFFLINE; `stage` is BETA or null; `incidents` worst first."""

    status: str | None = None
    stage: str | None = None
    incidents: tuple[Incident, ...] | None = None
    details: dict[str, Any] | None = None


class Connector(Wire, frozen=True):
    """Pluggy's integration with one institution. `primary_color` is hexadecimal without `#`."""

    id: int
    name: str | None = None
    institution_url: str | None = None
    image_url: str | None = None
    primary_color: str | None = None
    type: str | None = None
    country: str | None = None
    credentials: tuple[Credential, ...] | None = None
    has_mfa: bool | None = msgspec.field(default=None, name="hasMFA")
    products: tuple[str, ...] | None = None
    product_coverage: tuple[str, ...] | None = None
    oauth: bool | None = None
    oauth_url: str | None = None
    reset_password_url: str | None = None
    health: ConnectorHealth | None = None
    is_open_finance: bool | None = None
    is_sandbox: bool | None = None
    supports_payment_initiation: bool | None = None
    supports_scheduled_payments: bool | None = None
    supports_smart_transfers: bool | None = None
    supports_boleto_management: bool | None = None
    supports_automatic_pix: bool | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class ParameterProblem(Wire, frozen=True):
    """A parameter that a connector would refuse; codes as in errors.Detail."""

    code: str | None = None
    message: str | None = None
    parameter: str | None = None


class ParameterCheck(Wire, frozen=True):
    """The verdict on parameters: `errors` is empty when they would do."""

    parameters: dict[str, Any] | None = None
    errors: tuple[ParameterProblem, ...] | None = None


class ItemError(Wire, frozen=True):
    """Why the last run failed; `code` is an ExecutionStatus."""

    code: str | None = None
    message: str | None = None
    provider_message: str | None = None
    attributes: dict[str, Any] | None = None


class ProductWarning(Wire, frozen=True):
    """Something left out of a product. Code 423: the monthly Open Finance quota is used up."""

    code: str | None = None
    message: str | None = None
    provider_message: str | None = None


class ProductStatus(Wire, frozen=True):
    """How one product fared in the last run; only `is_updated` true means fresh data."""

    is_updated: bool | None = None
    last_updated_at: Instant | None = None
    warnings: tuple[ProductWarning, ...] | None = None


class UserAction(Wire, frozen=True):
    """What the person must do elsewhere: `type` is `qr` or `authorize-access`."""

    instructions: str | None = None
    type: str | None = None
    attributes: dict[str, Any] | None = None
    expires_at: Instant | None = None


class Item(Wire, frozen=True):
    """One person's login or consent at a connector.

    `status` is an ItemStatus, `execution_status` an ExecutionStatus, both open. `parameter` is the input awaited.
    `status_detail` goes by product, null for one never requested.
    """

    id: UUID
    connector: Connector | None = None
    status: str | None = None
    execution_status: str | None = None
    error: ItemError | None = None
    status_detail: dict[str, ProductStatus | None] | None = None
    parameter: Credential | None = None
    user_action: UserAction | None = None
    webhook_url: str | None = None
    client_user_id: str | None = None
    oauth_redirect_uri: str | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    last_updated_at: Instant | None = None
    next_auto_sync_at: Instant | None = None
    auto_sync_disabled_at: Instant | None = None
    consecutive_failed_login_attempts: int | None = None
    consent_expires_at: Instant | None = None
    products: tuple[str, ...] | None = None
    resources_collected_at: Instant | None = None
    has_resources_pending_authorization: bool | None = None


class Consent(Wire, frozen=True):
    """The authorisation behind an item. `expires_at` null means that it does not expire."""

    id: UUID
    item_id: UUID | None = None
    products: tuple[str, ...] | None = None
    open_finance_permissions_granted: tuple[str, ...] | None = None
    created_at: Instant | None = None
    expires_at: Instant | None = None
    revoked_at: Instant | None = None


class Webhook(Wire, frozen=True):
    """A subscription of the whole application to one event, `item/all` or `all`. `headers` may hold our secret."""

    id: UUID
    url: str | None = None
    event: str | None = None
    headers: dict[str, str] | None = None
    disabled_at: Instant | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
