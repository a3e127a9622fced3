"""Where an owner's events are sent, and what became of each."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKeyConstraint, Index, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Encrypted, Instant, Sequence


class DisabledReason(StrEnum):
    """Why nothing is sent to an endpoint."""

    OWNER = "owner"
    FAILING = "failing"
    """Five days without a success (R46)."""

    GONE = "gone"
    """It answered 410."""


class DeliveryStatus(StrEnum):
    """Where a delivery stands; all but the first are final until it is asked for again."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """The endpoint was disabled first."""


class WebhookEndpoint(Base):
    """An address of an integrator, with the secret that signs what is sent there (R44)."""

    __tablename__ = "webhook_endpoints"

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    description: Mapped[str | None]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Empty for all, those that are yet to come too."""

    secret: Mapped[Encrypted]
    previous_secret: Mapped[Encrypted | None]
    previous_until: Mapped[Instant | None]
    """Until when the secret before the last rotation signs too."""

    disabled_at: Mapped[Instant | None]
    disabled_reason: Mapped[str | None]
    failing_since: Mapped[Instant | None]
    """The first failure after the last success."""

    last_success_at: Mapped[Instant | None]
    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())


class WebhookDelivery(Base):
    """One event on its way to one endpoint; sent again, it is the same row."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["owner_id", "endpoint_id"], ["webhook_endpoints.owner_id", "webhook_endpoints.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["owner_id", "event_id"], ["events.owner_id", "events.id"], ondelete="CASCADE"),
        UniqueConstraint("owner_id", "event_id", "endpoint_id"),
        Index("ix_webhook_deliveries_owner_id_endpoint_id_id", "owner_id", "endpoint_id", "id"),
        Index(
            "ix_webhook_deliveries_pending",
            "owner_id",
            "endpoint_id",
            "next_attempt_at",
            postgresql_where=text("status = 'pending'"),
        ),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """How many were made since it was last asked for."""

    next_attempt_at: Mapped[Instant | None] = mapped_column(server_default=func.now())
    sending_until: Mapped[Instant | None]
    """Set while an attempt is under way; past it, whoever made the attempt was killed."""

    history: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    """The newest attempts, oldest first: `at`, `status`, `error`, `milliseconds`, `answer`."""

    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    finished_at: Mapped[Instant | None]
