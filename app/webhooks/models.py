"""The inbox of Pluggy's webhooks. Control tables: they are written before any owner is known."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant


class EventStatus(StrEnum):
    """What became of an event."""

    PENDING = "pending"
    HANDLED = "handled"
    IGNORED = "ignored"
    ORPHAN = "orphan"


class WebhookEvent(Base):
    """One event as Pluggy sent it, kept once by its `eventId`, for 30 days. Its id tells when it came."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        Index("uq_webhook_events_event_id", "event_id", unique=True),
        Index("ix_webhook_events_orphans", "item_id", postgresql_where=text("status = 'orphan'")),
        Index("ix_webhook_events_pending", "item_id", postgresql_where=text("status = 'pending'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[str]
    event: Mapped[str]
    item_id: Mapped[UUID | None]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(server_default="pending")
    note: Mapped[str | None]
    received_at: Mapped[Instant] = mapped_column(server_default=func.now())
    handled_at: Mapped[Instant | None]


class WebhookRejection(Base):
    """A delivery that was turned away. Only the last ones are kept, and never their bodies."""

    __tablename__ = "webhook_rejections"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    address: Mapped[str | None]
    headers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class WebhookRejectionCount(Base):
    """How many deliveries were ever turned away for one reason."""

    __tablename__ = "webhook_rejection_counts"

    reason: Mapped[str] = mapped_column(primary_key=True)
    total: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[Instant] = mapped_column(server_default=func.now())
