"""What comes again and again: salaries, rents, subscriptions, bills of utilities."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKeyConstraint, Index, Numeric, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Money, Sequence


class RecurringSeries(Base):
    """One payee's transactions of an account at a steady pace."""

    __tablename__ = "recurring_series"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
        Index("ix_recurring_series_owner_id_account_id", "owner_id", "account_id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    counterparty_id: Mapped[UUID | None]
    name: Mapped[str]
    direction: Mapped[str]
    currency_code: Mapped[str]
    cadence: Mapped[str]
    """weekly, fortnightly, monthly, bimonthly, quarterly, semiannual or yearly."""

    day_rule: Mapped[str]
    """How its days fall: `day:5`, `day:5:next` (moved to the next business day), `business_day:5` or `every:7`."""

    last_amount: Mapped[Money]
    """Signed, as on the transaction."""

    typical_amount: Mapped[Money]
    """The last amount, or the median of the last twelve where amounts vary."""

    varies: Mapped[bool]
    """Whether the amount differs nearly each time, as an electricity bill does: then it has no price."""

    price_changes: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Oldest first: `{"transaction_id", "date", "before", "after"}`, amounts as positive text; none when it varies."""

    transaction_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    """Its rows by date."""

    first_date: Mapped[dt.date]
    last_date: Mapped[dt.date]
    next_date: Mapped[dt.date]
    """The next day on which it is expected, on the Brazilian business calendar; past when it failed to come."""

    confidence: Mapped[Any] = mapped_column(Numeric(3, 2))
    """0 to 1: how regular it is, and how often it was seen."""

    decision: Mapped[str | None]
    """`confirmed` or `rejected` by a person; null while nobody has said anything."""

    decided_at: Mapped[Instant | None]
    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())
