"""Everything the environment may say, in one place: read once by the two entry points and passed down."""

import base64
import binascii
from collections.abc import Callable
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal, Self, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PLUGGY_API = "https://api.pluggy.ai"
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class SettingsError(Exception):
    """The environment can't be used as it is; `problems` holds every fault, each with its remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The configuration has problems:\n" + "\n".join(f"  - {problem}" for problem in problems))
        self.problems = problems


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _postgres_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("redis://", "rediss://")):
        raise ValueError("must look like redis://:password@host:6379/0")
    return value


def _encryption_keys(value: SecretStr) -> SecretStr:
    parse_keys(value.get_secret_value())
    return value


def _networks(value: object) -> object:
    if isinstance(value, str):
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
    return value


def parse_keys(text: str) -> dict[str, bytes]:
    """Return the keys of `id:base64,id:base64` in their order; the first is the current one. Raises ValueError."""
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        name, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not name or len(name) > 8 or name in keys or len(key) != 32:
            raise ValueError("must be id:base64 pairs, ids unique and at most 8 characters, each key 32 bytes")
        keys[name] = key
    return keys


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]
PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
RequestsPerMinute = Annotated[int, Field(ge=0, le=1_000_000)]
"""0 is no limit."""

Hours = Annotated[int, Field(ge=1, le=168)]


class _Group(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, env_file=".env", extra="ignore", env_ignore_empty=True)


class PluggySettings(_Group):
    """How Pluggy is reached, and how its webhooks prove themselves."""

    model_config = SettingsConfigDict(env_prefix="PLUGGY_")

    client_id: str
    client_secret: SecretStr
    base_url: HttpUrl = HttpUrl(PLUGGY_API)
    use_sandbox: bool = False
    api_key_cache_hours: Annotated[int, Field(ge=1, le=24)] = 23
    webhook_secret: SecretStr | None = None
    webhook_secret_next: SecretStr | None = None
    webhook_secret_header: str = "X-Webhook-Secret"  # noqa: S105 # the name, not the secret
    webhook_signature_header: str = "X-HMAC-SHA512-Signature"
    webhook_sha256_header: str = ""
    webhook_timestamp_header: str = "X-Pluggy-Timestamp"
    webhook_allowed_ips: Networks = ()

    @property
    def is_real(self) -> bool:
        """True for Pluggy itself, false for a stand-in."""
        return str(self.base_url).rstrip("/") == PLUGGY_API

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets in force: current, then next."""
        both = (self.webhook_secret, self.webhook_secret_next)
        return tuple(secret.get_secret_value() for secret in both if secret is not None)


class AuthSettings(_Group):
    """Who issues the users' tokens."""

    model_config = SettingsConfigDict(env_prefix="AUTH_")

    jwks_url: HttpUrl
    issuer: str
    audience: str
    owner_claim: str = "sub"


class DatabaseSettings(_Group):
    """PostgreSQL, the only truth."""

    database_url: PostgresUrl
    migration_database_url: PostgresUrl | None = None
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 10

    @property
    def url(self) -> str:
        """The service's own URL, for the role under row-level security."""
        return self.database_url.get_secret_value()

    @property
    def migration_url(self) -> str:
        """The URL migrations use; the service's own when no other is given."""
        return (self.migration_database_url or self.database_url).get_secret_value()


class SyncSettings(_Group):
    """The mission's figures."""

    auto_sync_interval_hours: Hours = 12
    poll_interval_seconds: Annotated[float, Field(gt=0, le=60)] = 5
    poll_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 300
    outdated_max_retries: Annotated[int, Field(ge=0, le=5)] = 2


class RetentionSettings(_Group):
    """How long what grows is kept (R66). The floors are what clients were promised."""

    model_config = SettingsConfigDict(env_prefix="RETENTION_")

    inbox_days: Annotated[int, Field(ge=8, le=30)] = 30
    events_days: Annotated[int, Field(ge=90, le=3650)] = 90
    deliveries_days: Annotated[int, Field(ge=30, le=3650)] = 30
    runs_days: Annotated[int, Field(ge=30, le=3650)] = 180
    tombstones_days: Annotated[int, Field(ge=91, le=3650)] = 120
    audit_days: Annotated[int, Field(ge=1827, le=36500)] = 1827


class ServiceSettings(_Group):
    """The service itself: where it is reached, by whom, with which keys."""

    environment: Literal["development", "test", "production"] = "development"
    redis_url: RedisUrl
    backend_url: HttpUrl | None = None
    encryption_keys: Annotated[SecretStr, AfterValidator(_encryption_keys)]
    connect_page_url: HttpUrl | None = None
    cors_origins: Words = ()
    oauth_redirect_uris: Words = ()
    oauth_return_urls: Words = ()
    trusted_proxies: Networks = ()
    rate_limit_reads: RequestsPerMinute = 1200
    rate_limit_writes: RequestsPerMinute = 240
    rate_limit_costly: RequestsPerMinute = 60
    rate_limit_public: RequestsPerMinute = 120
    webhook_allow_loopback: bool = False
    internal_host: str = "127.0.0.1"
    internal_port: Annotated[int, Field(ge=0, le=65535)] = 9000
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @cached_property
    def keys(self) -> dict[str, bytes]:
        """Encryption keys by id, the current one first."""
        return parse_keys(self.encryption_keys.get_secret_value())


class Settings:
    """The whole configuration; groups are read-only. Build it by `load_settings`, or from parts in tests."""

    def __init__(
        self,
        *,
        service: ServiceSettings,
        database: DatabaseSettings,
        pluggy: PluggySettings,
        auth: AuthSettings,
        sync: SyncSettings,
        retention: RetentionSettings,
    ) -> None:
        self.service = service
        self.database = database
        self.pluggy = pluggy
        self.auth = auth
        self.sync = sync
        self.retention = retention

    @property
    def is_production(self) -> bool:
        return self.service.environment == "production"

    @property
    def receives_webhooks(self) -> bool:
        """False in reconcile-only mode: Pluggy itself can't reach a missing or local BACKEND_URL."""
        backend = self.service.backend_url
        return backend is not None and not (self.pluggy.is_real and backend.host in LOOPBACK_HOSTS)

    def checked(self) -> Self:
        """Return self, or raise SettingsError with every fault that only shows when settings are seen together."""
        problems = [message for is_wrong, message in _CROSS_CHECKS if is_wrong(self)]
        if problems:
            raise SettingsError(problems)
        return self


_REMEDIES = {
    "missing": "is not set; see .env.example",
}
_PRODUCTION_DEFAULTS = ("sandbox-secret", "change-me")


def _has_default_secret(settings: Settings) -> bool:
    secrets = [settings.pluggy.client_secret.get_secret_value(), *settings.pluggy.webhook_secrets]
    return any(secret in _PRODUCTION_DEFAULTS for secret in secrets)


def _has_short_webhook_secret(settings: Settings) -> bool:
    return any(len(secret) < 32 for secret in settings.pluggy.webhook_secrets)


def _has_plain_http_redirect(settings: Settings) -> bool:
    uris = map(urlsplit, settings.service.oauth_redirect_uris + settings.service.oauth_return_urls)
    return any(uri.scheme == "http" and (settings.pluggy.is_real or uri.hostname not in LOOPBACK_HOSTS) for uri in uris)


_CROSS_CHECKS: tuple[tuple[Callable[[Settings], bool], str], ...] = (
    (
        lambda s: s.is_production and not s.pluggy.webhook_secrets,
        "PLUGGY_WEBHOOK_SECRET is not set: production takes no webhook without proof; set 32 random bytes or more",
    ),
    (
        lambda s: s.is_production and _has_default_secret(s),
        "PLUGGY_CLIENT_SECRET or PLUGGY_WEBHOOK_SECRET is a default of the examples; set your own for production",
    ),
    (
        lambda s: s.is_production and _has_short_webhook_secret(s),
        "PLUGGY_WEBHOOK_SECRET is shorter than 32 bytes; make one with: openssl rand -hex 32",
    ),
    (
        lambda s: s.is_production and s.service.webhook_allow_loopback,
        "WEBHOOK_ALLOW_LOOPBACK is on: production never delivers to loopback addresses; remove it",
    ),
    (
        lambda s: s.is_production and s.database.database_url.get_secret_value() == s.database.migration_url,
        (
            "MIGRATION_DATABASE_URL is missing or equal to DATABASE_URL: the tables' owner is not held by row-level "
            "security; make two roles with deploy/roles.sql, name banking_owner here and banking_app in DATABASE_URL"
        ),
    ),
    (
        lambda s: s.pluggy.webhook_secret_next is not None and s.pluggy.webhook_secret is None,
        "PLUGGY_WEBHOOK_SECRET_NEXT is set without PLUGGY_WEBHOOK_SECRET; set the current one too",
    ),
    (
        _has_plain_http_redirect,
        "OAUTH_REDIRECT_URIS and OAUTH_RETURN_URLS take https:// or deep links; http://localhost only with a stand-in",
    ),
)


def _describe(group: type[_Group], error: ValidationError) -> list[str]:
    prefix = group.model_config.get("env_prefix", "")
    problems = []
    for fault in error.errors(include_input=False, include_url=False):
        name = (prefix + str(fault["loc"][0])).upper() if fault["loc"] else group.__name__
        problems.append(f"{name} {_REMEDIES.get(fault['type']) or fault['msg'].removeprefix('Value error, ')}")
    return problems


_GroupT = TypeVar("_GroupT", bound=_Group)


def load_settings(*, env_file: str | None = ".env", **overrides: Any) -> Settings:
    """Return the settings of the environment and `env_file`; `overrides` (flat lower-case names) win.

    Raises SettingsError naming every problem at once.
    """
    problems: list[str] = []

    def build(group: type[_GroupT]) -> _GroupT:
        prefix = group.model_config.get("env_prefix", "").lower()
        given = {name: overrides[prefix + name] for name in group.model_fields if prefix + name in overrides}
        try:
            return group(_env_file=env_file, **given)
        except ValidationError as error:
            problems.extend(_describe(group, error))
            return cast("_GroupT", group.model_construct())

    settings = Settings(
        service=build(ServiceSettings),
        database=build(DatabaseSettings),
        pluggy=build(PluggySettings),
        auth=build(AuthSettings),
        sync=build(SyncSettings),
        retention=build(RetentionSettings),
    )
    if problems:
        raise SettingsError(problems)
    return settings.checked()
