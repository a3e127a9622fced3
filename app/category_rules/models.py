"""What an owner has decided about transactions to come."""

from uuid import UUID

from sqlalchemy import ARRAY, ForeignKeyConstraint, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Money, Sequence


class CategoryRule(Base):
    """Conditions, all of which must hold (null: any), and what then becomes of a transaction (null: nothing)."""

    __tablename__ = "category_rules"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
        Index("ix_category_rules_owner_id_position", "owner_id", "position", "id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int]
    """Smaller comes first; of rules that disagree the first one wins."""

    name: Mapped[str | None] = mapped_column(Text)
    text_match: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    counterparty: Mapped[str | None] = mapped_column(Text)
    account_id: Mapped[UUID | None]
    amount_from: Mapped[Money | None]
    amount_to: Mapped[Money | None]
    direction: Mapped[str | None] = mapped_column(Text)
    category_id: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    ignored: Mapped[bool | None]
    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())


class RuleApplication(Base):
    """One going over of the owner's past with the rules; `place` is how far it has come."""

    __tablename__ = "rule_applications"

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID | None]
    """Only rows that this rule matches, or matched; null: all."""

    status: Mapped[str] = mapped_column(Text, server_default=text("'queued'"))
    total: Mapped[Sequence | None]
    processed: Mapped[Sequence] = mapped_column(server_default=text("0"))
    changed: Mapped[Sequence] = mapped_column(server_default=text("0"))
    place: Mapped[UUID | None]
    finished_at: Mapped[Instant | None]
    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())
