"""Purchases paid in instalments, and each of their parts, listed by the bank or still to come."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Money, Sequence


class InstallmentPlan(Base):
    """One purchase that a card splits."""

    __tablename__ = "installment_plans"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
        Index("ix_installment_plans_owner_id_account_id", "owner_id", "account_id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    description: Mapped[str]
    """Without the count of parts that some banks write into it."""

    currency_code: Mapped[str]
    purchased_on: Mapped[dt.date]
    total_installments: Mapped[int] = mapped_column(SmallInteger)
    seen_installments: Mapped[int] = mapped_column(SmallInteger)
    """How many the bank lists, coming ones included."""

    total_amount: Mapped[Money]
    """What all parts come to, positive: as the bank tells it, or the sum of the parts."""

    last_date: Mapped[dt.date]
    """The day of the last part: a plan is over after it."""

    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())


class Installment(Base):
    """One part of a plan. What a plan still commits on a day is the sum of its parts after that day."""

    __tablename__ = "installments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["owner_id", "plan_id"], ["installment_plans.owner_id", "installment_plans.id"], ondelete="CASCADE"
        ),
        Index("ix_installments_owner_id_date", "owner_id", "date"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    date: Mapped[dt.date]
    """The month it is charged in, whatever day the bank writes on the row."""

    amount: Mapped[Money]
    """Positive."""

    transaction_id: Mapped[UUID | None]
    """The row of it; null while the bank does not list it."""
