"""How the balances of accounts went."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Money, Sequence


class AccountBalance(Base):
    """An account's balance on one of the bank's calendar days, as the day's last visit to the bank found it."""

    __tablename__ = "account_balances"
    __table_args__ = (ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),)

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    balance: Mapped[Money]
    currency_code: Mapped[str]
    as_of: Mapped[Instant]
    """When the bank was visited."""

    movements: Mapped[Money | None]
    """Sum of the settled rows of that very day held at that time; null when they can't be compared with balances."""

    unexplained: Mapped[Money | None]
    """What of the balance no row explains, measured from earlier days; null when that could not be told."""

    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())
