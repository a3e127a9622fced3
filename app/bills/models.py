"""The mirror of card bills."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Money
from app.mirror import Mirrored


class Bill(Mirrored, Base):
    """One bill of a card. Its status is derived when it is read, see `status.py`."""

    __tablename__ = "bills"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
        UniqueConstraint("owner_id", "account_id", "pluggy_id"),
        Index(
            "ix_bills_owner_id_account_id_due_date", "owner_id", "account_id", text("due_date DESC"), text("id DESC")
        ),
    )

    account_id: Mapped[UUID]
    due_date: Mapped[dt.date]
    closing_date: Mapped[dt.date | None]
    total_amount: Mapped[Money | None]
    currency_code: Mapped[str]
    minimum_payment: Mapped[Money | None]
    paid_amount: Mapped[Money | None]
    """Sum of the payments in the bill's currency; null when Pluggy tells of no list of payments."""

    is_paid_in_full: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the bank calls one of the payments a payment in full."""

    allows_installments: Mapped[bool | None]
    finance_charges: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    payments: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    told: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    """The events that were recorded of it: `closed`, `due_soon`, `paid`."""
