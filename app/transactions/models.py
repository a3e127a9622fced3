"""The ledger's rows, and what became of each."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Computed,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, Encrypted, Instant, Money, Sequence


class Transaction(Base):
    """One movement of an account. `id` is ours and outlives Pluggy's, which changes when the bank restates a row."""

    __tablename__ = "transactions"
    __mapper_args__ = {"eager_defaults": True}  # what the database derives is read back with the write
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"]),
        UniqueConstraint("owner_id", "account_id", "pluggy_id"),
        Index(
            "ix_transactions_owner_id_date",
            "owner_id",
            text("date DESC"),
            text("id DESC"),
            postgresql_include=["search_text"],
            postgresql_where=text("removed_at IS NULL"),
        ),
        *(
            Index(
                f"ix_transactions_owner_id_{led_by}_date",
                "owner_id",
                led_by,
                text("date DESC"),
                text("id DESC"),
                postgresql_where=text("removed_at IS NULL"),
            )
            for led_by in ("account_id", "category_id")
        ),
        Index(
            "ix_transactions_owner_id_date_summed",  # whole sums are read from it, no row is fetched
            "owner_id",
            "date",
            postgresql_include=[
                "amount",
                "currency_code",
                "direction",
                "account_id",
                "category_id",
                "counterparty_id",
                "internal_kind",
                "ignored",
            ],
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("ix_transactions_owner_id_change_number", "owner_id", "change_number", "id"),
        Index(
            "ix_transactions_owner_id_account_id_removed_at",
            "owner_id",
            "account_id",
            "removed_at",
            postgresql_where=text("removed_at IS NOT NULL"),
        ),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    pluggy_id: Mapped[UUID]
    provider_id: Mapped[str | None]
    date: Mapped[dt.date]
    occurred_at: Mapped[Instant | None]
    amount: Mapped[Money]
    """In the account's currency; negative is money out, on cards too."""

    currency_code: Mapped[str]
    original_amount: Mapped[Money | None]
    original_currency_code: Mapped[str | None]
    direction: Mapped[str]
    type: Mapped[str | None]
    amount_raw: Mapped[Money]
    status: Mapped[str]
    description: Mapped[str]
    description_raw: Mapped[str | None]
    running_balance: Mapped[Money | None]
    pluggy_category_id: Mapped[str | None]
    pluggy_category: Mapped[str | None]
    operation_type: Mapped[str | None]
    counterparty_name: Mapped[str | None]
    counterparty_document_hash: Mapped[bytes | None]
    payment: Mapped[Encrypted | None]
    """Sealed JSON of payer, receiver and boleto: it holds documents and numbers of accounts."""

    installment_number: Mapped[int | None] = mapped_column(SmallInteger)
    total_installments: Mapped[int | None] = mapped_column(SmallInteger)
    bill_pluggy_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any] | None]
    """Card metadata and merchant, amounts as text."""

    pluggy_created_at: Mapped[Instant | None]
    content_hash: Mapped[bytes]
    """Keyed hash of the verbatim JSON, so that a row read again is not even decoded."""

    read_number: Mapped[Sequence]
    """Fence of the run that wrote the row: an older read never overwrites a newer one (R22)."""

    added_read: Mapped[Sequence]
    """Fence of the run that brought the row, so that the run can tell what it added."""

    # Each party writes columns of its own, and the database derives what counts: a machine can't undo a person.
    note: Mapped[str | None]
    user_category_id: Mapped[str | None]
    user_tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    user_ignored: Mapped[bool | None]

    rule_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    """The owner's rules that matched when they were last applied, in their order."""

    category_rule_id: Mapped[UUID | None]
    rule_category_id: Mapped[str | None]
    rule_tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    rule_ignored: Mapped[bool | None]
    built_in_category_id: Mapped[str | None]
    """The built-in classifier's, where Pluggy gives none."""

    category_id: Mapped[str | None] = mapped_column(
        Computed("coalesce(user_category_id, rule_category_id, pluggy_category_id, built_in_category_id)")
    )
    """Eight digits are a category of Pluggy's, a UUID is the owner's own."""

    category_source: Mapped[str | None] = mapped_column(
        Computed(
            "CASE WHEN user_category_id IS NOT NULL THEN 'user' WHEN rule_category_id IS NOT NULL THEN 'rule'"
            " WHEN pluggy_category_id IS NOT NULL THEN 'pluggy'"
            " WHEN built_in_category_id IS NOT NULL THEN 'built_in' END"
        )
    )
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), Computed("coalesce(user_tags, rule_tags, '{}'::text[])"))
    ignored: Mapped[bool] = mapped_column(Computed("coalesce(user_ignored, rule_ignored, false)"))
    search_text: Mapped[str] = mapped_column(
        Computed("banking_search_text(description, description_raw, counterparty_name, note)")
    )
    """Without case and accents, as `banking_fold` leaves it."""

    internal_kind: Mapped[str | None]
    """`own_account_transfer` or `card_payment`: money that moved between the owner's own accounts."""

    counterparty_id: Mapped[UUID | None]
    removed_at: Mapped[Instant | None]
    change_number: Mapped[Sequence]
    created_number: Mapped[Sequence]
    """Change number at which clients first saw the row, or saw it again after its removal."""

    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())


class TransactionRevision(Base):
    """What a run or a person changed in one row, field by field."""

    __tablename__ = "transaction_revisions"
    __table_args__ = (
        ForeignKeyConstraint(["owner_id", "transaction_id"], ["transactions.owner_id", "transactions.id"]),
        Index("ix_transaction_revisions_owner_id_transaction_id", "owner_id", "transaction_id", "id"),
        Index("ix_transaction_revisions_owner_id_run_id", "owner_id", "run_id", "id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[UUID]
    run_id: Mapped[UUID | None]
    kind: Mapped[str]
    changes: Mapped[dict[str, Any]]
    """Field → [before, after], as the API shows them."""

    change_number: Mapped[Sequence]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class Finding(Base):
    """Something the ledger could not settle by itself: a malformed record, a disagreement, an ambiguous match."""

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("owner_id", "kind", "subject"),
        Index("ix_findings_owner_id_account_id", "owner_id", "account_id", "id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None]
    run_id: Mapped[UUID | None]
    kind: Mapped[str]
    subject: Mapped[str]
    """What it is about, usually Pluggy's id: a finding of one kind about one subject is kept once."""

    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
