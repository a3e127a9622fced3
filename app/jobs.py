"""The bell: tells the worker through Redis that work is owed. It may be lost: the worker also looks by itself (R6)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import after_commit
from app.metrics.instruments import BELLS_LOST

log = structlog.get_logger()

QUEUE = "banking:queue"
EVENTS_CHANNEL = "banking:events"
"""Carries ids of owners to whom something happened, for the streams of every process."""

_RING_SECONDS = 0.2
encode: Callable[[dict[str, Any]], bytes] = msgspec.msgpack.encode
decode: Callable[[bytes], dict[str, Any]] = msgspec.msgpack.decode


class Kind(StrEnum):
    """Kinds of owed work."""

    SYNC = "sync"
    WEBHOOK = "webhook"
    SCHEDULE = "schedule"
    DELETION = "deletion"
    POLL = "poll"
    REPAIR = "repair"
    RECONCILE = "reconcile"
    WEBHOOK_CHECK = "webhook_check"
    PRUNE = "prune"
    DELIVERY = "delivery"
    CATEGORY_TREE = "category_tree"
    DERIVATION = "derivation"
    RULES = "rules"


FUNCTIONS: dict[Kind, str] = {
    Kind.SYNC: "sync_bank_connection",
    Kind.WEBHOOK: "process_webhook_event",
    Kind.SCHEDULE: "auto_sync_connections",
    Kind.DELETION: "delete_connection",
    Kind.POLL: "poll_connection",
    Kind.REPAIR: "repair_connection",
    Kind.RECONCILE: "reconcile_connection",
    Kind.WEBHOOK_CHECK: "check_webhook",
    Kind.PRUNE: "prune",
    Kind.DELIVERY: "deliver_webhook_event",
    Kind.CATEGORY_TREE: "renew_category_tree",
    Kind.DERIVATION: "derive_meaning",
    Kind.RULES: "apply_category_rules",
}
"""The arq function that drains each kind."""


class Bell:
    """Rings by enqueueing the kind's arq function; a failure is logged and forgotten (R5)."""

    def __init__(self, queue: ArqRedis) -> None:
        self._queue = queue

    async def ring(self, kind: Kind, owner_id: UUID | None, ref_id: UUID, *, after: timedelta = timedelta(0)) -> None:
        """Ask the worker to drain the kind, this id first, `after` a while. Takes 200 ms at most and never raises."""
        owner = str(owner_id) if owner_id else None
        try:
            async with asyncio.timeout(_RING_SECONDS):
                await self._queue.enqueue_job(FUNCTIONS[kind], owner, str(ref_id), _defer_by=after or None)
        except (RedisError, OSError, TimeoutError) as error:
            BELLS_LOST.inc()
            log.warning("bell_not_rung", kind=kind, ref_id=str(ref_id), error=type(error).__name__)

    async def announce(self, owner_id: UUID) -> None:
        """Tell every process that something happened to the owner. Takes 200 ms at most and never raises."""
        try:
            async with asyncio.timeout(_RING_SECONDS):
                await self._queue.publish(EVENTS_CHANNEL, owner_id.bytes)
        except (RedisError, OSError, TimeoutError) as error:
            BELLS_LOST.inc()
            log.warning("event_not_announced", error=type(error).__name__)

    async def aclose(self) -> None:
        """Let go of Redis."""
        await self._queue.aclose()


def make_bell(redis_url: str) -> Bell:
    """Return a bell on its own pool; nothing is connected until the first ring."""
    queue = ArqRedis.from_url(redis_url, socket_connect_timeout=_RING_SECONDS, socket_timeout=_RING_SECONDS)
    queue.job_serializer = encode
    queue.job_deserializer = decode
    queue.default_queue_name = QUEUE
    return Bell(queue)


def ring_on_commit(
    session: AsyncSession, kind: Kind, owner_id: UUID | None, ref_id: UUID, *, after: timedelta = timedelta(0)
) -> None:
    """Ring for this work after the transaction's commit, or `after` a while more: for what is due only then."""
    bell: Bell | None = session.info.get("bell")
    if bell is not None:
        after_commit(session, lambda: bell.ring(kind, owner_id, ref_id, after=after))


def announce_on_commit(session: AsyncSession, owner_id: UUID) -> None:
    """Announce the owner's news after the transaction's commit, once however many there are."""
    bell: Bell | None = session.info.get("bell")
    announced: set[UUID] = session.info.setdefault("announced", set())
    if bell is not None and owner_id not in announced:
        announced.add(owner_id)
        after_commit(session, lambda: bell.announce(owner_id))
