"""The tenants of all data."""

from uuid import UUID

from sqlalchemy import UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Instant, Sequence


class Owner(Base):
    """A person or company, known by the issuer and subject of its token (R51). A control table."""

    __tablename__ = "owners"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """Also Pluggy's `clientUserId`: opaque, never a CPF or an e-mail."""

    issuer: Mapped[str]
    subject: Mapped[str]
    change_number: Mapped[Sequence] = mapped_column(server_default=text("0"))
    """The last number given to a change of this owner's data."""

    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
