"""Events as server-sent events, for as long as a client listens."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, cast
from uuid import UUID

import structlog
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse
from starlette.types import Send

from app.api_keys import service as api_keys
from app.api_keys.errors import ApiKeyNotFound
from app.clock import utc_now
from app.events import service
from app.events.envelope import encode_event
from app.events.hub import EventHub
from app.events.models import Event
from app.metrics.instruments import STREAMS_CUT_OFF
from app.owners.principal import Principal

log = structlog.get_logger()

HEARTBEAT_SECONDS: Final = 15.0
SEND_SECONDS: Final = 10.0
LIFETIME_SECONDS: Final = 600.0
"""A stream ends by itself after about this long and the client goes on with another, so that no token outlives it."""

_RECONNECT_MILLISECONDS: Final = 2000
_AT_ONCE: Final = 100
_REST_SECONDS: Final = 1.0


class EventStream(StreamingResponse):
    """Sends frames as they come; a client that takes none for `SEND_SECONDS` is cut off.

    FastAPI's own stream of events waits for a slow client without a bound, so it is not used; its wire format is.
    """

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncGenerator[bytes, None]) -> None:
        super().__init__(frames, headers={"X-Accel-Buffering": "no"})

    async def stream_response(self, send: Send) -> None:
        async with aclosing(cast("AsyncGenerator[bytes, None]", self.body_iterator)) as frames:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for frame in frames:
                try:
                    async with asyncio.timeout(SEND_SECONDS):
                        await send({"type": "http.response.body", "body": frame, "more_body": True})
                except TimeoutError:
                    STREAMS_CUT_OFF.inc()
                    log.warning("stream_cut_off")
                    return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def follow(
    hub: EventHub, principal: Principal, *, after_sequence: int, event_type: str | None
) -> AsyncGenerator[bytes, None]:
    """Yield the owner's events after the sequence, then each as it happens, and a comment every 15 s of silence.

    The first frame carries the starting place alone, so that a client that is cut off before any event knows it too.
    Ends after `LIFETIME_SECONDS`, or when the API key it came with is no longer good.
    """
    place = after_sequence
    ends_at = _clock() + LIFETIME_SECONDS * random.uniform(0.9, 1.1)  # noqa: S311 # spreads reconnections
    yield format_sse_event(id=str(place), retry=_RECONNECT_MILLISECONDS)
    with hub.listen(principal.id) as bell:
        bell.set()
        while _clock() < ends_at:
            if not await _rings(bell):
                yield KEEPALIVE_COMMENT
                if principal.key_id is None:
                    continue
            bell.clear()
            found = await _read(hub, principal, place, event_type)
            if found is None:
                return
            for event in found:
                yield format_sse_event(data_str=encode_event(event).decode(), event=event.type, id=str(event.sequence))
                place = event.sequence
            if len(found) == _AT_ONCE:
                bell.set()


async def _read(hub: EventHub, principal: Principal, place: int, event_type: str | None) -> Sequence[Event] | None:
    """Return what happened after the place, waiting while the database is away.

    None for a caller whose key is no longer good (R52); it is asked at each heartbeat at the latest.
    """
    while True:
        try:
            async with hub.reading(principal.id) as session:
                if principal.key_id is not None and not await _is_good(session, principal.id, principal.key_id):
                    return None
                return await service.list_page(
                    session, principal.id, after_sequence=place, event_type=event_type, limit=_AT_ONCE
                )
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("stream_not_read", error=type(error).__name__)
        await asyncio.sleep(_REST_SECONDS)


async def _is_good(session: AsyncSession, owner_id: UUID, key_id: UUID) -> bool:
    for holder in (owner_id, None):  # None: a key for all owners
        try:
            return (await api_keys.get(session, holder, key_id)).expires_at > utc_now()
        except ApiKeyNotFound:
            continue
    return False


async def _rings(bell: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            await bell.wait()
    except TimeoutError:
        return False
    return True


def _clock() -> float:
    return asyncio.get_running_loop().time()
