"""The list of connectors: kept in this process and in Redis, served at once, renewed behind the reader's back.

A reader waits for Pluggy only when nobody here has ever had the list. Redis spares the other processes the call; it
may be away or empty, then each process renews for itself.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
import structlog
from redis.exceptions import RedisError

from app.clock import utc_now
from app.connectors.errors import ConnectorNotFound
from app.pluggy.errors import PluggyListMoved
from app.pluggy.limits import Lane
from app.pluggy.models import Connector
from app.pluggy.wire import decoder_of
from app.resources import Resources

log = structlog.get_logger()

FRESH = timedelta(minutes=5)
"""How long the list counts as fresh: health changes within minutes, the list itself within weeks."""

_KEPT_SECONDS = 7 * 86_400
_TRIES = 3


class Snapshot(msgspec.Struct, frozen=True):
    """The list as it was at one moment, by name."""

    read_at: datetime
    connectors: tuple[Connector, ...]

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether no renewal is due yet."""
        return now - self.read_at < FRESH


_encode = msgspec.json.Encoder(enc_hook=datetime.isoformat, decimal_format="number").encode
_decode = decoder_of(Snapshot).decode


class _Source(NamedTuple):
    """Which list: the same Pluggy may be asked with and without its sandbox connectors."""

    base_url: str
    includes_sandbox: bool

    @property
    def redis_key(self) -> str:
        return f"banking:connectors:{'sandbox' if self.includes_sandbox else 'live'}"


@dataclass
class _Memory:
    """What this process holds of one list, and the renewal under way."""

    snapshot: Snapshot | None = None
    renewal: asyncio.Task[Snapshot] | None = None


_memories: dict[_Source, _Memory] = {}


async def get_catalogue(resources: Resources) -> Snapshot:
    """Return the list, stale while it is renewed. Raises PluggyError only when there is none at all."""
    settings = resources.settings.pluggy
    source = _Source(str(settings.base_url), settings.use_sandbox)
    memory = _memories.setdefault(source, _Memory())
    now = utc_now()
    held = memory.snapshot
    if held is None or not held.is_fresh(now):
        held = memory.snapshot = _newer(held, await _recall(resources, source))
    if held is not None and held.is_fresh(now):
        return held
    renewal = memory.renewal
    if renewal is None or renewal.done():
        renewal = memory.renewal = asyncio.create_task(_renew(resources, source, memory))
        renewal.add_done_callback(_note_failure)
    return await asyncio.shield(renewal) if held is None else held


async def renew_since(resources: Resources, since: datetime) -> None:
    """Have the list read no earlier than `since`, for every process that has none or asks again. Raises PluggyError."""
    settings = resources.settings.pluggy
    source = _Source(str(settings.base_url), settings.use_sandbox)
    memory = _memories.setdefault(source, _Memory())
    held = memory.snapshot = _newer(memory.snapshot, await _recall(resources, source))
    for _ in range(2):  # a renewal under way may have begun too early
        if held is not None and held.read_at >= since:
            return
        renewal = memory.renewal
        if renewal is None or renewal.done():
            renewal = memory.renewal = asyncio.create_task(_renew(resources, source, memory))
            renewal.add_done_callback(_note_failure)
        held = await asyncio.shield(renewal)


def _newer(one: Snapshot | None, other: Snapshot | None) -> Snapshot | None:
    found = [each for each in (one, other) if each is not None]
    return max(found, key=lambda each: each.read_at, default=None)


async def get_connector(resources: Resources, connector_id: int) -> tuple[Connector, datetime]:
    """Return one connector of the list and when it was read. Raises ConnectorNotFound, PluggyError."""
    snapshot = await get_catalogue(resources)
    found = next((each for each in snapshot.connectors if each.id == connector_id), None)
    if found is None:
        raise ConnectorNotFound(connector_id)
    return found, snapshot.read_at


async def forget() -> None:
    """Drop what this process holds, once the renewals under way have ended."""
    renewals = [each.renewal for each in _memories.values() if each.renewal is not None and not each.renewal.done()]
    _memories.clear()
    await asyncio.gather(*renewals, return_exceptions=True)


def _note_failure(renewal: asyncio.Task[Snapshot]) -> None:
    if not renewal.cancelled() and (error := renewal.exception()) is not None:
        log.warning("connectors_not_renewed", error=type(error).__name__)


async def _renew(resources: Resources, source: _Source, memory: _Memory) -> Snapshot:
    for attempt in range(1, _TRIES + 1):
        asked_at = utc_now()
        try:
            connectors = await _fetch(resources, source)
            break
        except PluggyListMoved:
            if attempt == _TRIES:
                raise
    ordered = sorted(connectors, key=lambda each: ((each.name or "").casefold(), each.id))
    memory.snapshot = Snapshot(asked_at, tuple(ordered))
    await _share(resources, source, memory.snapshot)
    return memory.snapshot


async def _fetch(resources: Resources, source: _Source) -> list[Connector]:
    pluggy = resources.pluggy.for_lane(Lane.USER)
    found: list[Connector] = []
    async for page in pluggy.iter_connector_pages(include_sandbox=source.includes_sandbox, health_details=True):
        found += [each for each in page.results if source.includes_sandbox or not each.is_sandbox]
    return found


async def _recall(resources: Resources, source: _Source) -> Snapshot | None:
    try:
        kept = await resources.redis.get(source.redis_key)
        return _decode(kept) if kept else None
    except (RedisError, OSError, msgspec.MsgspecError, ValueError):
        return None


async def _share(resources: Resources, source: _Source, snapshot: Snapshot) -> None:
    try:
        await resources.redis.set(source.redis_key, _encode(snapshot), ex=_KEPT_SECONDS)
    except (RedisError, OSError):
        return
