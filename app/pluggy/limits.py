"""Pluggy's published rate limits, and what a limiter must offer to keep below them."""

import re
from enum import StrEnum
from typing import Final, Protocol


class Lane(StrEnum):
    """Who waits for a call: a person, or machine work that can wait longer."""

    USER = "user"
    BATCH = "batch"


class Group(StrEnum):
    """Endpoints that share one of Pluggy's buckets."""

    AUTH = "auth"
    ACCOUNTS = "accounts"
    TRANSACTIONS = "transactions"
    INVESTMENTS = "investments"
    INVESTMENT_TRANSACTIONS = "investment_transactions"
    ITEM_UPDATES = "item_updates"
    OTHER = "other"


# Requests a minute and egress IP. Nothing is published for OTHER: it gets the figure that all reads share.
PER_MINUTE: Final = {group: 20 if group is Group.ITEM_UPDATES else 360 for group in Group}

_GROUPS: Final = (
    (re.compile(r"POST /auth"), Group.AUTH),
    (re.compile(r"GET /accounts(/[^/]+)?"), Group.ACCOUNTS),
    (re.compile(r"\w+ (/v2)?/transactions(/[^/]+)?"), Group.TRANSACTIONS),
    (re.compile(r"GET /investments/[^/]+/transactions"), Group.INVESTMENT_TRANSACTIONS),
    (re.compile(r"GET /investments(/[^/]+)?"), Group.INVESTMENTS),
    (re.compile(r"PATCH /items/[^/]+"), Group.ITEM_UPDATES),
)


def group_of(method: str, path: str) -> Group:
    """The bucket that a request counts against."""
    request = f"{method} {path}"
    return next((group for pattern, group in _GROUPS if pattern.fullmatch(request)), Group.OTHER)


class Limiter(Protocol):
    """Shares Pluggy's limits among everyone behind one egress IP (R37, R38)."""

    async def acquire(self, group: Group, lane: Lane) -> None:
        """Return when one request may leave; raises PluggyRateLimited if that is longer than the lane waits."""

    async def pause(self, group: Group, seconds: float) -> None:
        """Let nothing of the group leave for that long, because Pluggy asked for it."""


class Unlimited:
    """A limiter that never waits."""

    async def acquire(self, group: Group, lane: Lane) -> None:
        """Return at once."""

    async def pause(self, group: Group, seconds: float) -> None:
        """Forget it."""
