"""The mirrors of investments and loans."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Money, Quantity
from app.mirror import Mirrored


class Holding(Mirrored):
    """What hangs on a connection."""

    connection_id: Mapped[UUID]


class Investment(Holding, Base):
    """A position of a connection. Its holder's name is not kept: it is the owner's."""

    __tablename__ = "investments"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "connection_id"], ["connections.owner_id", "connections.id"]),
        UniqueConstraint("owner_id", "connection_id", "pluggy_id"),
        Index("ix_investments_owner_id_created_at", "owner_id", "created_at", "id"),
    )

    type: Mapped[str]
    subtype: Mapped[str | None]
    status: Mapped[str | None]
    name: Mapped[str]
    number_masked: Mapped[str | None]
    currency_code: Mapped[str]
    balance: Mapped[Money | None]
    """Net of taxes."""

    amount: Mapped[Money | None]
    """Gross."""

    amount_original: Mapped[Money | None]
    amount_profit: Mapped[Money | None]
    amount_withdrawal: Mapped[Money | None]
    taxes: Mapped[Money | None]
    taxes2: Mapped[Money | None]
    quantity: Mapped[Quantity | None]
    unit_value: Mapped[Quantity | None]
    date: Mapped[dt.date | None]
    """The day the figures are of."""

    due_date: Mapped[dt.date | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """Rates, issuer, codes and further days; numbers as text."""


class Loan(Holding, Base):
    """A credit contract of a connection. Its IPOC code is not kept: it holds the CPF or CNPJ of the debtor."""

    __tablename__ = "loans"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "connection_id"], ["connections.owner_id", "connections.id"]),
        UniqueConstraint("owner_id", "connection_id", "pluggy_id"),
        Index("ix_loans_owner_id_created_at", "owner_id", "created_at", "id"),
    )

    kind: Mapped[str | None]
    type: Mapped[str | None]
    product_name: Mapped[str]
    contract_number_masked: Mapped[str | None]
    currency_code: Mapped[str]
    contract_amount: Mapped[Money | None]
    outstanding_balance: Mapped[Money | None]
    cet: Mapped[Quantity | None]
    """Total effective cost, as the bank writes it: 1 is 100 %."""

    contract_date: Mapped[dt.date | None]
    first_installment_due_date: Mapped[dt.date | None]
    due_date: Mapped[dt.date | None]
    settlement_date: Mapped[dt.date | None]
    total_installments: Mapped[int | None]
    paid_installments: Mapped[int | None]
    due_installments: Mapped[int | None]
    past_due_installments: Mapped[int | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """Rates, fees, charges, warranties and payments; numbers as text."""
