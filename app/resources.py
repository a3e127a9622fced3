"""What a process keeps open, the same for API and worker."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database import Sessions, make_engine, make_sessions
from app.jobs import Bell, make_bell
from app.metrics.transport import CountedTransport
from app.pluggy.client import CONNECTIONS, PluggyClient, open_client
from app.pluggy.limits import Lane
from app.pluggy.retry import RetryTransport
from app.settings import Settings
from app.upstream import RedisApiKeyStore, SharedLimiter
from app.vault import Vault

_REDIS_SECONDS = 1.0


@dataclass(frozen=True)
class Resources:
    """The collaborators that code is handed instead of looking for them."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    redis: Redis
    vault: Vault
    pluggy: PluggyClient
    bell: Bell


@asynccontextmanager
async def open_resources(settings: Settings, *, statement_ms: int, lane: Lane = Lane.BATCH) -> AsyncIterator[Resources]:
    """Yield the resources and close them at the end. Nothing is connected before its first use.

    `statement_ms` bounds each database statement; `lane` says who waits for calls of Pluggy.
    """
    async with AsyncExitStack() as stack:
        redis_url = settings.service.redis_url.get_secret_value()
        engine = make_engine(
            settings.database.url, pool_size=settings.database.database_pool_size, statement_ms=statement_ms
        )
        stack.push_async_callback(engine.dispose)
        redis = Redis.from_url(redis_url, socket_connect_timeout=_REDIS_SECONDS, socket_timeout=_REDIS_SECONDS)
        stack.push_async_callback(redis.aclose)
        bell = make_bell(redis_url)
        stack.push_async_callback(bell.aclose)
        vault = Vault(settings.service.keys)
        pluggy = _open_pluggy(settings, redis, vault).for_lane(lane)
        stack.push_async_callback(pluggy.aclose)
        yield Resources(
            settings=settings,
            engine=engine,
            sessions=make_sessions(engine, bell=bell),
            redis=redis,
            vault=vault,
            pluggy=pluggy,
            bell=bell,
        )


def _open_pluggy(settings: Settings, redis: Redis, vault: Vault) -> PluggyClient:
    base_url, client_id = str(settings.pluggy.base_url), settings.pluggy.client_id
    transport = CountedTransport(httpx.AsyncHTTPTransport(limits=CONNECTIONS, trust_env=False))
    return open_client(
        base_url=base_url,
        client_id=client_id,
        client_secret=settings.pluggy.client_secret.get_secret_value(),
        cache_hours=settings.pluggy.api_key_cache_hours,
        key_store=RedisApiKeyStore(redis, vault, account=f"{base_url} {client_id}"),
        transport=RetryTransport(transport, limiter=SharedLimiter(redis)),
    )
