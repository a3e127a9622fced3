"""What banks charge: fees, interest, fines and the tax on credit."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class BankCharge(Base):
    """A transaction by which the bank itself takes money; day, amount and account are the transaction's."""

    __tablename__ = "bank_charges"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "transaction_id"], ["transactions.owner_id", "transactions.id"]),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """fee, interest, fine or tax."""
