"""The history of consents: what was allowed, and every change that was seen, kept for good (R67)."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant


class ConsentEvent(StrEnum):
    """What a row of the history says."""

    GRANTED = "granted"
    RENEWED = "renewed"
    CHANGED = "changed"
    REVOKED = "revoked"


class SeenBy(StrEnum):
    """How we learnt of it: the list of consents, the item's own state, or the owner's deletion through us."""

    CONSENTS = "consents"
    ITEM = "item"
    DELETION = "deletion"


class Consent(Base):
    """One version of one consent of Pluggy. Append-only: the service may insert and read, not more."""

    __tablename__ = "consents"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "connection_id"], ["connections.owner_id", "connections.id"]),
        UniqueConstraint("owner_id", "connection_id", "pluggy_id", "version"),
        Index("ix_consents_owner_id_connection_id_id", "owner_id", "connection_id", text("id DESC")),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID]
    pluggy_id: Mapped[UUID]
    version: Mapped[int]
    event: Mapped[str]
    seen_by: Mapped[str]
    products: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    permissions: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    granted_at: Mapped[Instant | None]
    expires_at: Mapped[Instant | None]
    """Null is no expiry, the norm."""

    revoked_at: Mapped[Instant | None]
    seen_at: Mapped[Instant] = mapped_column(server_default=func.now())
