"""What a collection or an edit changed in what the API shows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class AccountChanges:
    """Ids of one account's transactions, each list in no promised order; `min_date` is the oldest date created."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    min_date: str | None = None

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.deleted)


class Collected:
    """One collection; what it changed is found out when somebody asks, which is for the first time expensive."""

    def __init__(self, compare: Callable[[], dict[str, AccountChanges]] = dict) -> None:
        self._compare = compare

    @cached_property
    def accounts(self) -> dict[str, AccountChanges]:
        """Changes by account id; an account without changes is listed with empty ones. Ask before the next edit."""
        return self._compare()


@dataclass(frozen=True)
class Edited:
    """An edit of the bank's reality: the ids it concerns (new ones for added and restated rows, in the order given).

    `accounts` holds what the API shows differently from now on: empty unless the edit was applied at once.
    """

    ids: list[str]
    accounts: dict[str, AccountChanges]
