"""Answers that are kept to be given again."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Encrypted, Instant


class IdempotencyKey(Base):
    """One request that bears an `Idempotency-Key`: in flight while `status` is null, then with its answer."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("owner_id", "key_hash"),
        Index("ix_idempotency_keys_owner_id_expires_at", "owner_id", "expires_at"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes]
    """Of the caller and its key: two callers of one owner never meet in a key."""

    request_hash: Mapped[bytes]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[Encrypted | None]
    held_until: Mapped[Instant]
    """When a request in flight counts as lost: its process has died."""

    expires_at: Mapped[Instant]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
