"""Keys of integrators."""

from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant


class ApiKey(Base):
    """One key, known by the keyed hash of its secret (R52). A control table: asked before the owner is known."""

    __tablename__ = "api_keys"
    __table_args__ = (
        Index("uq_api_keys_secret_hash", "secret_hash", unique=True),
        Index("ix_api_keys_previous_hash", "previous_hash"),
        Index("ix_api_keys_owner_id_id", "owner_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("owners.id"))
    """Whose data it reaches; null for a key of an operator, which names the owner in each request."""

    name: Mapped[str]
    hint: Mapped[str]
    """The first characters of the secret, to tell keys apart."""

    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret_hash: Mapped[bytes]
    previous_hash: Mapped[bytes | None]
    previous_until: Mapped[Instant | None]
    """Until when the secret before the last rotation still works."""

    lifetime_days: Mapped[int]
    expires_at: Mapped[Instant]
    last_used_at: Mapped[Instant | None]
    """To the minute."""

    rotated_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
