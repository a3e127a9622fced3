"""Whom the owner pays, and who pays the owner."""

from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Encrypted, Instant, Sequence


class Counterparty(Base):
    """One person or company on the other side of transactions: known by document, or by name where there is none."""

    __tablename__ = "counterparties"
    __table_args__ = (
        Index(
            "uq_counterparties_owner_id_document_hash",
            "owner_id",
            "document_hash",
            unique=True,
            postgresql_where=text("document_hash IS NOT NULL"),
        ),
        Index(
            "uq_counterparties_owner_id_normalized_name",
            "owner_id",
            "normalized_name",
            unique=True,
            postgresql_where=text("document_hash IS NULL"),
        ),
        Index("ix_counterparties_owner_id_name", "owner_id", "name", "id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    """As the bank last wrote it."""

    normalized_name: Mapped[str]
    """Without accents, case, punctuation and legal form: what names are compared by."""

    document_type: Mapped[str | None]
    """CPF or CNPJ; null when there is no document, or one whose check digits are wrong."""

    document: Mapped[Encrypted | None]
    document_hash: Mapped[bytes | None]
    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())
