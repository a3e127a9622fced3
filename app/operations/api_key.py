"""Operators at the cached API key of Pluggy."""

import time

from app.audit.service import record_act
from app.database import transaction
from app.operations.report import Report
from app.pluggy.auth import ApiKey, lifetime_seconds
from app.resources import Resources
from app.upstream import RedisApiKeyStore


class _NoneHeld(Exception):
    """No process keeps a key."""


async def _no_renewal() -> ApiKey:
    raise _NoneHeld


def _store(resources: Resources) -> RedisApiKeyStore:
    settings = resources.settings.pluggy
    account = f"{settings.base_url!s} {settings.client_id}"
    return RedisApiKeyStore(resources.redis, resources.vault, account=account)


async def remaining_seconds(resources: Resources) -> float | None:
    """Return for how long the shared key will still be used; None when Redis holds none or is away."""
    try:
        key = await _store(resources).get(_no_renewal)
    except _NoneHeld:
        return None
    return lifetime_seconds(key, now=time.time(), ceiling_hours=resources.settings.pluggy.api_key_cache_hours)


async def clear(resources: Resources, *, actor: str) -> Report:
    """Have the next call of Pluggy fetch a new key: after a change of PLUGGY_CLIENT_SECRET, or a leak."""
    store = _store(resources)
    try:
        await store.discard(await store.get(_no_renewal))
    except _NoneHeld:
        return Report(["Redis holds no key. Processes under way drop theirs when Pluggy refuses it."])
    async with transaction(resources.sessions, None) as session:
        await record_act(session, "cache.cleared", actor=actor, owner_id=None, details={"cache": "api_key"})
    return Report(["The shared key is forgotten; processes under way drop theirs when Pluggy refuses it."])
