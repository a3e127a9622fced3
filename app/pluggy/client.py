"""PluggyClient: one method per endpoint of the Pluggy API, and how it is put together."""

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Annotated, Final, Self
from uuid import UUID

import httpx
import msgspec

from app.pluggy.auth import ApiKey, ApiKeyAuth, ApiKeyStore, MemoryApiKeyStore, lifetime_seconds
from app.pluggy.calls import TOTAL_SECONDS, Calls
from app.pluggy.errors import PluggyAuthError, PluggyRefused
from app.pluggy.item_calls import ItemCalls
from app.pluggy.ledger_calls import LedgerCalls
from app.pluggy.limits import Lane
from app.pluggy.models import Webhook
from app.pluggy.pages import Page
from app.pluggy.retry import RetryTransport
from app.pluggy.wire import Wire

# Writing has the bound of reading; a wait for a free connection falls under the total.
TIMEOUT: Final = httpx.Timeout(15.0, connect=3.0, pool=TOTAL_SECONDS)
CONNECTIONS: Final = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30.0)


class WebhookChange(Wire, frozen=True, omit_defaults=True):
    """The body of PATCH /webhooks: `enabled` true also revives a subscription that Pluggy disabled."""

    url: str | None = None
    event: str | None = None
    headers: Mapping[str, str] | None = None
    enabled: bool | None = None

    def __repr__(self) -> str:
        return "WebhookChange(...)"  # `headers` hold a secret


class PluggyClient(ItemCalls, LedgerCalls):
    """Every call raises PluggyUnavailable or PluggyRefused, PluggyNotFound for an unknown id."""

    def for_lane(self, lane: Lane) -> Self:
        """This client for another lane of the limiter, on the same connections and key."""
        return type(self)(self._http, self._auth, lane=lane, total_seconds=self._total_seconds)

    async def aclose(self) -> None:
        """Close the connections, those of every lane."""
        await self._http.aclose()

    def iter_webhook_pages(self) -> AsyncGenerator[Page[Webhook], None]:
        """Yield pages of the application's webhooks. Source: GET /webhooks."""
        return self._iter_numbered("/webhooks", Webhook, {}, page_size=None)

    async def get_webhook(self, webhook_id: UUID) -> Webhook:
        """One webhook. Source: GET /webhooks/{id}."""
        return await self._get(f"/webhooks/{webhook_id}", Webhook)

    async def create_webhook(self, url: str, event: str, *, headers: Mapping[str, str] | None = None) -> Webhook:
        """The new subscription; `headers` go with each delivery. Source: POST /webhooks."""
        body = {"url": url, "event": event} | ({"headers": headers} if headers else {})
        return await self._write("POST", "/webhooks", Webhook, body)

    async def update_webhook(self, webhook_id: UUID, change: WebhookChange) -> Webhook:
        """The changed subscription. Source: PATCH /webhooks/{id}."""
        return await self._write("PATCH", f"/webhooks/{webhook_id}", Webhook, change)

    async def delete_webhook(self, webhook_id: UUID) -> None:
        """End the subscription. Source: DELETE /webhooks/{id}."""
        await self._delete(f"/webhooks/{webhook_id}")


class KeyIssuer(Calls):
    """Asks Pluggy for API keys."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        credentials: tuple[str, str],
        cache_hours: float,
        now: Callable[[], float],
        total_seconds: float,
    ) -> None:
        super().__init__(http, None, lane=Lane.USER, total_seconds=total_seconds)  # everyone waits for a key
        self._credentials = credentials
        self._cache_hours = cache_hours
        self._now = now

    async def issue(self) -> ApiKey:
        """A new key. Raises PluggyAuthError when our credentials are refused. Source: POST /auth."""
        body = dict(zip(("clientId", "clientSecret"), self._credentials, strict=True))
        try:
            key = (await self._write("POST", "/auth", _Key, body)).api_key
        except PluggyAuthError:
            raise
        except PluggyRefused as refusal:
            raise PluggyAuthError(str(refusal), status=refusal.status, code=refusal.code) from None
        return ApiKey(key, lifetime_seconds(key, now=self._now(), ceiling_hours=self._cache_hours))


class _Key(msgspec.Struct, rename="camel"):
    api_key: Annotated[str, msgspec.Meta(pattern="^[!-~]+$")]  # what a header may hold


def open_client(
    *,
    base_url: str,
    client_id: str,
    client_secret: str,
    cache_hours: float = 23,
    key_store: ApiKeyStore | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    total_seconds: float = TOTAL_SECONDS,
    now: Callable[[], float] = time.time,
) -> PluggyClient:
    """A client to keep for the life of the process (R36): HTTP/1.1, gzip, no redirects, no proxies of the environment.

    Without a store the key stays in this process; without a transport nothing waits for a limiter. `cache_hours` is a
    ceiling. `now` is the wall clock, against which a key's expiry is read.
    """
    if transport is None:
        transport = RetryTransport(httpx.AsyncHTTPTransport(limits=CONNECTIONS, trust_env=False))
    http = httpx.AsyncClient(
        base_url=base_url,
        transport=transport,
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "caixahub-banking"},
    )
    issuer = KeyIssuer(
        http, credentials=(client_id, client_secret), cache_hours=cache_hours, now=now, total_seconds=total_seconds
    )
    auth = ApiKeyAuth(key_store or MemoryApiKeyStore(), issuer.issue)
    return PluggyClient(http, auth, total_seconds=total_seconds)
