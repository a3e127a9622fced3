"""What happened to an owner's data, in order."""

from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Sequence


class Event(Base):
    """One thing that happened; written with the change that caused it, and never changed (R43)."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("owner_id", "sequence"),)

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str]
    sequence: Mapped[Sequence]
    """A number of the owner's counter of changes: in the order of commits, with gaps."""

    data: Mapped[dict[str, Any]]
    """Ids and words of the API: no personal data, no free text (R49)."""

    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
