"""Deliveries that were turned away: counted by reason, the last ones kept, never their bodies (R57).

Written behind the answer and at most once a second, so that nobody can make the database work by forging.
"""

import asyncio
from collections import Counter, deque
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.database import Sessions, in_transaction
from app.metrics.instruments import INGESTED, REJECTED
from app.webhooks import repository
from app.webhooks.repository import KEPT_REJECTIONS, Rejection

log = structlog.get_logger()

_PAUSE_SECONDS: Final = 1.0


class RejectionLog:
    """Takes note at once and writes a little later; what a killed process had not written yet is lost."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._last: deque[Rejection] = deque(maxlen=KEPT_REJECTIONS)
        self._counts: Counter[str] = Counter()
        self._noted = asyncio.Event()

    def note(self, reason: str, address: str | None) -> None:
        """Count a delivery that was turned away, and remember where it came from."""
        INGESTED.labels("rejected").inc()
        REJECTED.labels(reason).inc()
        log.warning("webhook_rejected", reason=reason)
        self._last.append(Rejection(reason, address, utc_now()))
        self._counts[reason] += 1
        self._noted.set()

    async def keep(self) -> None:
        """Write what was noted, for ever."""
        while True:
            await self._noted.wait()
            try:
                await self.flush()
            except (SQLAlchemyError, OSError) as error:
                log.warning("rejections_not_written", error=type(error).__name__)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def flush(self) -> None:
        """Write what was noted so far; on a fault it stays noted."""
        self._noted.clear()
        last, counts = list(self._last), Counter(self._counts)
        if not counts:
            return
        self._last.clear()
        self._counts.clear()

        async def write(session: AsyncSession) -> None:
            await repository.add_rejections(session, last, counts)

        try:
            await in_transaction(self._sessions, None, write)
        except BaseException:
            self._last = deque([*last, *self._last], maxlen=KEPT_REJECTIONS)
            self._counts += counts
            self._noted.set()
            raise
