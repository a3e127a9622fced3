"""The mirror of Pluggy's accounts."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Encrypted, Instant, Money, Sequence


class Account(Base):
    """One bank account or card of a connection."""

    __tablename__ = "accounts"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "connection_id"], ["connections.owner_id", "connections.id"]),
        UniqueConstraint("owner_id", "pluggy_id"),
        Index("ix_accounts_owner_id_connection_id", "owner_id", "connection_id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID]
    pluggy_id: Mapped[UUID]
    type: Mapped[str]
    subtype: Mapped[str | None]
    name: Mapped[str]
    marketing_name: Mapped[str | None]
    number_masked: Mapped[str | None]
    number: Mapped[Encrypted | None]
    number_hash: Mapped[bytes | None]
    currency_code: Mapped[str]
    balance: Mapped[Money | None]
    """Negative on a card when money is owed; `balance_raw` is the figure as sent."""

    balance_raw: Mapped[Money | None]
    balance_at: Mapped[Instant | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """Limits, brand, closing and due days: what `bankData` and `creditData` say, without numbers of accounts."""

    alias: Mapped[str | None]
    hidden: Mapped[bool] = mapped_column(server_default=text("false"))
    watermark_at: Mapped[Instant | None]
    """Rows that reached Pluggy before this instant are in the ledger."""

    deep_read_at: Mapped[Instant | None]
    """When the whole history was last read; null asks for it at the next run."""

    taken_over_at: Mapped[Instant | None]
    """When the account came back under a new item; rows with `read_number` 0 still bear the former item's ids."""

    unlisted_at: Mapped[Instant | None]
    """Since when Pluggy no longer lists the account; its history stays."""

    removed_at: Mapped[Instant | None]
    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())
