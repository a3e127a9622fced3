"""What a collection or an edit changed in what the API shows."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class AccountChanges:
    """Ids of one account's transactions, each list in no promised order; `min_date` is the oldest date created."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    min_date: str | None = None

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.deleted)


@dataclass(frozen=True)
class Collected:
    """One collection: changes by account id; an account without changes is listed with empty ones."""

    accounts: dict[str, AccountChanges]


@dataclass(frozen=True)
class Edited:
    """An edit of the bank's reality: the ids it concerns (new ones for added and restated rows, in the order given).

    `accounts` holds what the API shows differently from now on: empty unless the edit was applied at once.
    """

    ids: list[str]
    accounts: dict[str, AccountChanges]
