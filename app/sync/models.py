"""Sync runs, and how far each has come."""

import datetime as dt
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Sequence


class SyncTrigger(StrEnum):
    """Who asked for a run."""

    API = "api"
    WEBHOOK = "webhook"
    SCHEDULE = "schedule"
    CONNECT = "connect"
    REPAIR = "repair"
    RECONCILE = "reconcile"


class SyncStatus(StrEnum):
    """Where a run stands; the last six are final (R19)."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    LOST = "lost"


class SyncRun(Base):
    """One reading of Pluggy into our tables. fetched = inserted + updated + unchanged + quarantined (R20)."""

    __tablename__ = "sync_runs"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "connection_id"], ["connections.owner_id", "connections.id"]),
        Index(
            "uq_sync_runs_queued", "owner_id", "connection_id", unique=True, postgresql_where=text("status = 'queued'")
        ),
        Index(
            "uq_sync_runs_running",
            "owner_id",
            "connection_id",
            unique=True,
            postgresql_where=text("status = 'running'"),
        ),
        Index("ix_sync_runs_owner_id_connection_id", "owner_id", "connection_id", text("id DESC")),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID]
    trigger: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="queued")
    phase: Mapped[str | None]
    fence: Mapped[Sequence | None]
    first_fence: Mapped[Sequence | None]
    """Fence of the first attempt: what the run did before it was cut off counts as its own."""

    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    fetched: Mapped[int] = mapped_column(server_default=text("0"))
    inserted: Mapped[int] = mapped_column(server_default=text("0"))
    updated: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    quarantined: Mapped[int] = mapped_column(server_default=text("0"))
    removed: Mapped[int] = mapped_column(server_default=text("0"))
    warnings: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    retry_at: Mapped[Instant | None]
    deadline_at: Mapped[Instant | None]
    """Until when a run waits for an Item that Pluggy is still updating."""

    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    started_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]


class SyncRunAccount(Base):
    """What one run did to one account."""

    __tablename__ = "sync_run_accounts"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "run_id"], ["sync_runs.owner_id", "sync_runs.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"], ondelete="CASCADE"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(server_default="running")
    read_from: Mapped[Instant | None]
    """The `createdAtFrom` of this run, or null when the whole history is read."""

    newest_created_at: Mapped[Instant | None]
    """Pluggy's newest `createdAt` among what this run wrote: the account's next watermark, by Pluggy's own clock."""

    fetched: Mapped[int] = mapped_column(server_default=text("0"))
    inserted: Mapped[int] = mapped_column(server_default=text("0"))
    updated: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    quarantined: Mapped[int] = mapped_column(server_default=text("0"))
    removed: Mapped[int] = mapped_column(server_default=text("0"))
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]


class SyncHint(Base):
    """A transaction that Pluggy said was updated or deleted: to be asked for by its id, then stored or removed."""

    __tablename__ = "sync_hints"
    __table_args__ = (ForeignKeyConstraint(["owner_id", "connection_id"], ["connections.owner_id", "connections.id"]),)

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_pluggy_id: Mapped[UUID] = mapped_column(primary_key=True)
    pluggy_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class SyncWindow(Base):
    """A checkpoint: how far one chain of pages of one account has been stored."""

    __tablename__ = "sync_windows"
    __table_args__ = (
        ForeignKeyConstraint(
            ["owner_id", "run_id", "account_id"],
            ["sync_run_accounts.owner_id", "sync_run_accounts.run_id", "sync_run_accounts.account_id"],
            ondelete="CASCADE",
        ),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    date_from: Mapped[dt.date | None]
    date_to: Mapped[dt.date | None]
    created_at_from: Mapped[Instant | None]
    after: Mapped[str | None]
    """Cursor of the next page; null before the first."""

    pages: Mapped[int] = mapped_column(server_default=text("0"))
    finished_at: Mapped[Instant | None]
