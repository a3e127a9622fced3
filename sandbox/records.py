"""What the stand-in remembers besides the ledger: items with their run, consents, webhooks, deliveries, settings."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec


class Settings(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Switches of the stand-in, changed at `PATCH /_control/settings`, kept over a restart."""

    timings: str = "compressed"  # or "realistic": a minute a run
    v1_transactions: str = "retired"  # or "legacy"
    webhook_create_status: int = 201
    allow_loopback_urls: bool = True  # http and loopback in webhook and redirect URLs
    min_update_interval_hours: float = 1
    auto_sync_hours: float = 24  # 0 is off
    items_limit: int = 0  # 0 is none
    list_items_enabled: bool = False  # GET /v2/items
    client_disabled: bool = False  # POST /auth answers 401 CLIENT_DISABLED
    rate_limits: bool = False
    webhook_signing_secret: str | None = None
    webhook_timeout_seconds: float = 10
    webhook_retry_scale: float = 1
    webhook_not_retried: tuple[int, ...] = (400, 401, 403, 404, 410)
    webhook_disable_after: int = 5  # events lost in a row
    history_months: Annotated[int, msgspec.Meta(ge=1, le=60)] = 24  # what a first collection sees
    transactions_page_size: Annotated[int, msgspec.Meta(ge=1, le=500)] = 500  # of the cursor list
    sandbox_idle_delete_days: float = 0  # the real one deletes after 30


class Answer(msgspec.Struct, frozen=True):
    """What a person did at one wait of a run: `ok`, `wrong`, `denied` or `expired`."""

    at: datetime
    verdict: str


class Run(msgspec.Struct):
    """One visit to the bank. Its states are a pure function of this record and the clock (`life.timeline`)."""

    started_at: datetime
    triggered_by: str  # USER, CLIENT or SYNC
    script: str
    pace: float
    base_url: str = ""  # where the consent page is opened
    token: str = ""  # of the OAuth consent page
    authorised: bool = False  # a consent held when it began
    revoked: bool = False  # the consent had been withdrawn when it began
    override: dict[str, Any] = {}  # fields of the script replaced by the control plane
    answers: list[Answer] = []
    lived: int = 0  # moments of the timeline already lived
    ended_at: datetime | None = None


class Item(msgspec.Struct, kw_only=True):
    id: str
    connector_id: int
    parameters: dict[str, str]
    products: list[str]
    client_user_id: str | None
    webhook_url: str | None
    oauth_redirect_uri: str | None
    made_by: str | None  # id of the connect token that made it
    created_at: datetime
    updated_at: datetime
    run: Run
    status: str = "UPDATING"
    execution_status: str = "CREATED"
    error: dict[str, Any] | None = None
    parameter: dict[str, Any] | None = None
    user_action: dict[str, Any] | None = None
    status_detail: dict[str, Any] | None = None
    last_updated_at: datetime | None = None
    next_auto_sync_at: datetime | None = None
    auto_sync_disabled_at: datetime | None = None
    resources_collected_at: datetime | None = None
    pending_resources: bool | None = None
    failed_logins: int = 0
    failed_runs: int = 0
    opened: bool = False  # known to the ledger
    updated_products: dict[str, datetime] = {}
    next_override: dict[str, Any] = {}  # for the next run
    due_at: datetime | None = None  # when something next happens by itself
    last_mfa: str | None = None
    consent_id: str | None = None


class Consent(msgspec.Struct, kw_only=True):
    id: str
    item_id: str
    products: list[str]
    permissions: list[str] | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Webhook(msgspec.Struct, kw_only=True):
    id: str
    url: str
    event: str
    headers: dict[str, str]
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None = None
    lost_in_a_row: int = 0


class Attempt(msgspec.Struct, rename="camel", frozen=True):
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int


class Delivery(msgspec.Struct, rename="camel", kw_only=True):
    """One event on its way to one URL, with all its attempts."""

    id: str
    event: str
    event_id: str
    url: str
    webhook_id: str | None  # None: the item's own webhookUrl
    body: str
    created_at: datetime  # its attempts are counted from here
    due_at: datetime | None  # None when finished
    state: str = "pending"  # delivered, lost, dropped
    attempts: list[Attempt] = []
    forged: bool = False


class CategoryRule(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    description: str
    category_id: str
    category: str
    client_id: str
    transaction_type: str | None
    account_type: str | None
    match_type: str


class Meta(msgspec.Struct):
    """Who this stand-in is: its seed, which ids it gave out, what signs its tokens."""

    seed: str
    signing_key: str
    counters: dict[str, int] = {}  # ids given out, by kind
    key_generation: int = 0
    encryption_key: str | None = None  # RSA, made when first needed


class Health(msgspec.Struct):
    status: str


FaultKind = Literal[
    "status",
    "rate_limit",
    "delay",
    "hang",
    "drip",
    "cut",
    "truncate",
    "malformed",
    "content_type",
    "bad_row",
    "duplicate_page",
    "repeat_cursor",
    "moving_page",
]


class FaultRule(msgspec.Struct, rename="camel", kw_only=True):
    """What goes wrong on a path, how often."""

    kind: FaultKind
    path: str = "*"  # shell pattern, matched against the whole path
    query: str = "*"  # the same for what follows the question mark, as it was sent
    id: str = ""
    method: str | None = None
    status: int = 500
    seconds: float = 1
    skip: int = 0  # requests let through first
    remaining: int | None = None  # None: until it is removed
    hits: int = 0


WebhookRuleKind = Literal["drop", "duplicate", "delay", "shuffle", "forge"]


class WebhookRule(msgspec.Struct, rename="camel", kw_only=True):
    """What happens to events on their way, how often."""

    kind: WebhookRuleKind
    event: str = "*"  # shell pattern
    id: str = ""
    copies: int = 1  # duplicate, forge: how many more
    seconds: float = 5  # delay; shuffle: the span over which events are scattered
    remaining: int | None = None
    hits: int = 0
