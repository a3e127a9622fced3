"""What privileged callers did."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant


class AuditEntry(Base):
    """One act. A control table that the service may only add to: it can neither read nor change an entry (R69).

    No foreign keys: an entry outlives what it is about. Keep for five years.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_owner_id_created_at", "owner_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID | None]
    """Whose data it touched; null for all owners."""

    actor: Mapped[str]
    """`owner:<id>`, `api_key:<id>` or `operator:<name>`."""

    act: Mapped[str]
    subject_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """Ids and words, no personal data."""

    request_id: Mapped[str | None]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
