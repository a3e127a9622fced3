"""How far meaning has been derived."""

from uuid import UUID

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Sequence


class DerivationMark(Base):
    """Up to which change of the owner's ledger everything is derived, and by which version of the rules."""

    __tablename__ = "derivation_marks"

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    change_number: Mapped[Sequence]
    version: Mapped[int] = mapped_column(SmallInteger)
