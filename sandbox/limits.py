"""The real API's rate limits: per endpoint group, per client address, in one-minute windows."""

import re
from datetime import datetime

from sandbox.wire import ApiError

_LIMITS = tuple(
    (method, re.compile(path), limit)
    for method, path, limit in (
        ("POST", r"/auth", 360),
        ("GET", r"/accounts(/[^/]+)?", 360),
        ("GET", r"(/v2)?/transactions(/[^/]+)?", 360),
        ("GET", r"/investments(/[^/]+)?", 360),
        ("GET", r"/investments/[^/]+/transactions", 360),
        ("PATCH", r"/items/[^/]+", 20),
    )
)
_WINDOW = 60


def too_many(limit: int, seconds_left: int) -> ApiError:
    """The real 429: wait `RateLimit-Reset`; `Retry-After` always says 60."""
    headers = {"RateLimit-Limit": str(limit), "RateLimit-Reset": str(seconds_left), "Retry-After": str(_WINDOW)}
    return ApiError(429, "Too many requests, please try again later.", headers=headers)


class Limiter:
    """Counts in memory; a restart forgives."""

    def __init__(self) -> None:
        self._window = 0
        self._counts: dict[tuple[str, int], int] = {}

    def check(self, now: datetime, address: str, method: str, path: str) -> None:
        """Count the request. Raises 429 when its group is used up for this minute."""
        window, elapsed = divmod(int(now.timestamp()), _WINDOW)
        if window != self._window:
            self._window, self._counts = window, {}
        for group, (limited, pattern, limit) in enumerate(_LIMITS):
            if method == limited and pattern.fullmatch(path):
                count = self._counts[address, group] = self._counts.get((address, group), 0) + 1
                if count > limit:
                    raise too_many(limit, _WINDOW - elapsed)
