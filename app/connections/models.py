"""Tables of connections: who holds which Item, and what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Sequence


class ItemOwner(Base):
    """Which owner holds an Item. A control table: it is asked before the owner is known, so no row-level security."""

    __tablename__ = "item_owners"

    item_id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"))
    connection_id: Mapped[UUID]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class BankConnection(Base):
    """Our row that owns one Item: its state as last read, and the fence that data writes check."""

    __tablename__ = "connections"
    __table_args__ = (
        UniqueConstraint("owner_id", "item_id"),
        Index("ix_connections_owner_id_created_at", "owner_id", text("created_at DESC"), text("id DESC")),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID | None]
    """Null until Pluggy has made the Item (OAuth without the widget)."""

    connector_id: Mapped[int]
    institution_name: Mapped[str]
    institution_image_url: Mapped[str | None]
    is_sandbox: Mapped[bool] = mapped_column(server_default=text("false"))
    is_open_finance: Mapped[bool] = mapped_column(server_default=text("false"))
    is_oauth: Mapped[bool] = mapped_column(server_default=text("false"))
    products: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))

    status: Mapped[str] = mapped_column(server_default="UPDATING")
    execution_status: Mapped[str | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    provider_message: Mapped[str | None]
    """What the bank itself says to the person, in its own words."""

    error_attributes: Mapped[dict[str, Any] | None]
    status_detail: Mapped[dict[str, Any] | None]
    parameter: Mapped[dict[str, Any] | None]
    """The input the bank awaits: a prompt or the OAuth address, never an answer."""

    user_action: Mapped[dict[str, Any] | None]
    mfa_parameter: Mapped[dict[str, Any] | None]
    """The connector's credential that must be new at every visit (1-step MFA): its description, never a value."""

    connector_health: Mapped[str | None]
    failed_logins: Mapped[int] = mapped_column(server_default=text("0"))
    update_refusal: Mapped[str | None]
    """The code with which Pluggy refuses further visits for good, such as TOO_MANY_CONSECUTIVE_ERRORS."""

    has_pending_resources: Mapped[bool] = mapped_column(server_default=text("false"))
    auto_sync_disabled_at: Mapped[Instant | None]

    consent_granted_at: Mapped[Instant | None]
    consent_revoked_at: Mapped[Instant | None]
    consent_notice_days: Mapped[int | None]
    """The last renewal prompt of the current consent: how many days ahead it was."""

    consent_expires_at: Mapped[Instant | None]
    item_updated_at: Mapped[Instant | None]
    """When Pluggy last finished visiting the bank (`lastUpdatedAt`)."""

    next_auto_sync_at: Mapped[Instant | None]
    last_read_at: Mapped[Instant | None]
    next_sync_at: Mapped[Instant | None]

    outage_started_at: Mapped[Instant | None]
    """The first OUTDATED since the bank was last read well; null outside an outage. Retries count by outage."""

    retries_used: Mapped[int] = mapped_column(server_default=text("0"))
    next_retry_at: Mapped[Instant | None]
    can_retry_at: Mapped[Instant | None]
    """Before this instant Pluggy refuses new credentials (`canRetryAfterDate`)."""

    refresh_allowed_at: Mapped[Instant | None]
    """Before this instant Pluggy has the bank visited for nobody: the last answer was that it is too soon."""

    poll_status: Mapped[str | None]
    """`polling`, `finished` or `timed_out`; null until somebody waits for the outcome of a visit."""

    poll_deadline_at: Mapped[Instant | None]

    fence: Mapped[Sequence] = mapped_column(server_default=text("0"))
    """Raised at each claim of a run and at deletion; a data write made under an older fence is refused (R17)."""

    deleting_at: Mapped[Instant | None]
    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now(), onupdate=func.now())


class Deletion(Base):
    """A deletion to follow: ours is done when the row exists, Pluggy's when `finished_at` is set."""

    __tablename__ = "deletions"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "connection_id"], ["connections.owner_id", "connections.id"]),
        UniqueConstraint("owner_id", "connection_id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID]
    item_id: Mapped[UUID | None]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
