"""Pluggy's consent to a version of ours."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.consents.models import Consent
from app.pluggy.models import Consent as PluggyConsent

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Version:
    """What a consent says at one moment. `permissions` is empty outside Open Finance."""

    pluggy_id: UUID
    products: tuple[str, ...]
    permissions: tuple[str, ...]
    granted_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def rank(self) -> tuple[bool, datetime]:
        """The current consent is the one with the highest: in force before withdrawn, then the newest."""
        return self.revoked_at is None, self.granted_at or _EPOCH


def to_version(consent: PluggyConsent) -> Version:
    """Return the version that Pluggy shows now; lists are sorted, so that their order never counts as a change."""
    return Version(
        pluggy_id=consent.id,
        products=tuple(sorted(consent.products or ())),
        permissions=tuple(sorted(consent.open_finance_permissions_granted or ())),
        granted_at=consent.created_at,
        expires_at=consent.expires_at,
        revoked_at=consent.revoked_at,
    )


def kept_version(row: Consent) -> Version:
    """Return the version that a row of the history holds."""
    return Version(
        pluggy_id=row.pluggy_id,
        products=tuple(row.products),
        permissions=tuple(row.permissions),
        granted_at=row.granted_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
