"""Authorisations under way."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant


class PollStatus(StrEnum):
    """How the watch over a person's visit to the bank stands; `connections.poll_status`."""

    POLLING = "polling"
    FINISHED = "finished"
    TIMED_OUT = "timed_out"


class OAuthFlow(Base):
    """Where a `state` leads back to.

    A control table: the browser comes back from the bank without a caller, so the owner is found here, as
    `item_owners` finds it for an event. It holds a hash, ids and one of OAUTH_RETURN_URLS; the address of the
    authorisation and all that the bank says stand on the connection, under row-level security.
    """

    __tablename__ = "oauth_flows"
    __table_args__ = (
        Index("ix_oauth_flows_owner_id_connection_id", "owner_id", "connection_id", text("created_at DESC")),
    )

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 of the state: 256 random bits need neither salt nor stretching."""

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("owners.id"))
    connection_id: Mapped[UUID]
    return_url: Mapped[str | None]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
