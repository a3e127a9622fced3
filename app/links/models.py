"""Pairs of transactions that belong together."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Money, Sequence


class LinkKind(StrEnum):
    """What a pair is, and with it what its two sides are: outflow and inflow, or what was bought and what followed."""

    OWN_ACCOUNT_TRANSFER = "own_account_transfer"
    CARD_PAYMENT = "card_payment"
    REFUND = "refund"
    IOF = "iof"
    DUPLICATE = "duplicate"


class LinkState(StrEnum):
    """Who says so: the service beyond doubt, the service as a guess, or a person."""

    FOUND = "found"
    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class TransactionLink(Base):
    """Two transactions of an owner and why they belong together. What a person decided of them is never undone."""

    __tablename__ = "transaction_links"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "transaction_id"], ["transactions.owner_id", "transactions.id"]),
        ForeignKeyConstraint(
            ["owner_id", "other_id"],
            ["transactions.owner_id", "transactions.id"],
            name="fk_transaction_links_transactions_other",
        ),
        UniqueConstraint("owner_id", "kind", "transaction_id", "other_id"),
        Index("ix_transaction_links_owner_id_transaction_id", "owner_id", "transaction_id"),
        Index("ix_transaction_links_owner_id_other_id", "owner_id", "other_id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    transaction_id: Mapped[UUID]
    """The outflow of a transfer or card payment; else the purchase, the earlier of two alike."""

    other_id: Mapped[UUID]
    """The inflow; the refund, the tax, or the later of two alike."""

    amount: Mapped[Money]
    """What moved, was given back, taxed or charged twice; positive."""

    currency_code: Mapped[str]
    state: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    """Why: `days_apart`, `same_document`, `own_text`, `card_digits`, …"""

    decided_at: Mapped[Instant | None]
    """When a person confirmed or rejected it."""

    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())
