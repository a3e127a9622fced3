"""What is worth telling an owner."""

from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Sequence


class Insight(Base):
    """One thing that was found in an owner's ledger. Found again it is the same row; dismissed, it stays so."""

    __tablename__ = "insights"
    __table_args__ = (UniqueConstraint("owner_id", "kind", "key"),)

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    """What it is about: a month, a pair of rows, a connection. Stable, so that the same thing is told once."""

    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    """`open` while it is so, `over` when it no longer is."""

    data: Mapped[dict[str, Any]]
    rows: Mapped[dict[str, Any] | None]
    """The filter of `transactions/` that lists what is behind it."""

    first_seen_at: Mapped[Instant] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[Instant] = mapped_column(server_default=func.now())
    """When it was last found, or found to have changed."""

    dismissed_at: Mapped[Instant | None]
    change_number: Mapped[Sequence]
