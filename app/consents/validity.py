"""Whether a consent holds, what changed in it, and when to ask for its renewal. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from app.consents.mapping import Version
from app.consents.models import ConsentEvent

NOTICE_DAYS = (1, 7, 14, 30)
"""How many days before its end a renewal is asked for, nearest first."""

Kind = Literal["open_finance", "direct"]
Reason = Literal["active", "revoked", "expired", "not_granted", "item_deleted"]


@dataclass(frozen=True)
class ConsentState:
    """How the consent behind a connection stands. `current` is null when Pluggy has shown none."""

    kind: Kind
    reason: Reason
    current: Version | None

    @property
    def is_valid(self) -> bool:
        """The bank may be read under it. A login outside Open Finance needs no consent of its own."""
        return self.reason == "active"

    @property
    def forbids_reading(self) -> bool:
        """It was withdrawn or has ended: fetch nothing more (R34). Absence of a consent proves neither."""
        return self.reason in ("revoked", "expired")


def state_of(versions: Iterable[Version], *, is_open_finance: bool, is_deleted: bool, now: datetime) -> ConsentState:
    """Return the state by the newest versions of all consents of one connection."""
    current = max(versions, key=lambda version: version.rank, default=None)
    reason = reason_of(
        is_open_finance=is_open_finance,
        is_deleted=is_deleted,
        is_granted=current is not None,
        revoked_at=None if current is None else current.revoked_at,
        expires_at=None if current is None else current.expires_at,
        now=now,
    )
    return ConsentState("open_finance" if is_open_finance else "direct", reason, current)


def reason_of(
    *,
    is_open_finance: bool,
    is_deleted: bool,
    is_granted: bool,
    revoked_at: datetime | None,
    expires_at: datetime | None,
    now: datetime,
) -> Reason:
    """Return how a consent stands: valid is neither withdrawn nor past its end; without a date it has none."""
    if is_deleted:
        return "item_deleted"
    if revoked_at is not None:
        return "revoked"
    if expires_at is not None and expires_at <= now:
        return "expired"
    return "active" if is_granted or not is_open_finance else "not_granted"


def change(last: Version | None, new: Version) -> ConsentEvent | None:
    """Return what happened between the last version that was kept and the one that is shown now; None: nothing."""
    if last == new:
        return None
    if new.revoked_at is not None and (last is None or last.revoked_at is None):
        return ConsentEvent.REVOKED
    if last is None:
        return ConsentEvent.GRANTED
    is_back = last.revoked_at is not None and new.revoked_at is None
    is_longer = last.expires_at is not None and (new.expires_at is None or new.expires_at > last.expires_at)
    return ConsentEvent.RENEWED if is_back or is_longer else ConsentEvent.CHANGED


def as_withdrawn(version: Version, at: datetime) -> Version:
    """Return the version with its withdrawal, as the bank told of it through the item alone."""
    return version if version.revoked_at is not None else replace(version, revoked_at=at)


def notice_due(expires_at: datetime | None, now: datetime) -> int | None:
    """Return the renewal prompt that the remaining time calls for, in days; None without a date or far from it."""
    if expires_at is None or expires_at <= now:
        return None
    return next((days for days in NOTICE_DAYS if expires_at - now <= timedelta(days=days)), None)
