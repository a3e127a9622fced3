"""What is derived from the rows: counterparties, links, recurring series, instalment plans, the bank's charges."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import protect

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
MONEY = sa.Numeric(19, 4)
JSON = postgresql.JSONB(astext_type=sa.Text())
DOCUMENT = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())

TABLES = (
    "counterparties",
    "transaction_links",
    "recurring_series",
    "installment_plans",
    "installments",
    "bank_charges",
    "derivation_marks",
)


def _key() -> tuple[sa.Column, ...]:
    return sa.Column("owner_id", sa.Uuid(), nullable=False), sa.Column("id", sa.Uuid(), nullable=False)


def _required(kind: sa.types.TypeEngine, *names: str) -> tuple[sa.Column, ...]:
    return tuple(sa.Column(name, kind, nullable=False) for name in names)


def _stamps() -> tuple[sa.Column, ...]:
    return (
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.text("now()"), nullable=False),
    )


def _reference(column: str, table: str, other: str, name: str = "") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["owner_id", column], [f"{other}.owner_id", f"{other}.id"], name=op.f(name or f"fk_{table}_{other}")
    )


def _counterparties() -> None:
    op.create_table(
        "counterparties",
        *_key(),
        *_required(sa.String(), "name", "normalized_name"),
        sa.Column("document_type", sa.String(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("document_hash", sa.LargeBinary(), nullable=True),
        *_stamps(),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_counterparties")),
    )
    op.create_index("ix_counterparties_owner_id_name", "counterparties", ["owner_id", "name", "id"])
    for column, condition in (("document_hash", "IS NOT NULL"), ("normalized_name", "IS NULL")):
        op.create_index(
            f"uq_counterparties_owner_id_{column}",
            "counterparties",
            ["owner_id", column],
            unique=True,
            postgresql_where=sa.text(f"document_hash {condition}"),
        )


def _links() -> None:
    op.create_table(
        "transaction_links",
        *_key(),
        *_required(sa.String(), "kind", "currency_code", "state"),
        *_required(sa.Uuid(), "transaction_id", "other_id"),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("evidence", DOCUMENT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        *_stamps(),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_transaction_links")),
        sa.UniqueConstraint(
            "owner_id",
            "kind",
            "transaction_id",
            "other_id",
            name=op.f("uq_transaction_links_owner_id_kind_transaction_id_other_id"),
        ),
        _reference("transaction_id", "transaction_links", "transactions"),
        _reference("other_id", "transaction_links", "transactions", "fk_transaction_links_transactions_other"),
    )
    for column in ("transaction_id", "other_id"):
        op.create_index(f"ix_transaction_links_owner_id_{column}", "transaction_links", ["owner_id", column])


def _series() -> None:
    op.create_table(
        "recurring_series",
        *_key(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("counterparty_id", sa.Uuid(), nullable=True),
        *_required(sa.String(), "name", "direction", "currency_code", "cadence", "day_rule"),
        *_required(MONEY, "last_amount", "typical_amount"),
        sa.Column("varies", sa.Boolean(), nullable=False),
        sa.Column("price_changes", JSON, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("transaction_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        *_required(sa.Date(), "first_date", "last_date", "next_date"),
        sa.Column("confidence", sa.Numeric(3, 2), nullable=False),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        *_stamps(),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_recurring_series")),
        _reference("account_id", "recurring_series", "accounts"),
    )
    op.create_index("ix_recurring_series_owner_id_account_id", "recurring_series", ["owner_id", "account_id"])


def _plans() -> None:
    op.create_table(
        "installment_plans",
        *_key(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        *_required(sa.String(), "description", "currency_code"),
        *_required(sa.Date(), "purchased_on", "last_date"),
        *_required(sa.SmallInteger(), "total_installments", "seen_installments"),
        sa.Column("total_amount", MONEY, nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_installment_plans")),
        _reference("account_id", "installment_plans", "accounts"),
    )
    op.create_index("ix_installment_plans_owner_id_account_id", "installment_plans", ["owner_id", "account_id"])
    op.create_table(
        "installments",
        *_required(sa.Uuid(), "owner_id", "plan_id"),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("owner_id", "plan_id", "number", name=op.f("pk_installments")),
        sa.ForeignKeyConstraint(
            ["owner_id", "plan_id"],
            ["installment_plans.owner_id", "installment_plans.id"],
            name=op.f("fk_installments_installment_plans"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_installments_owner_id_date", "installments", ["owner_id", "date"])


def _charges_and_mark() -> None:
    op.create_table(
        "bank_charges",
        *_required(sa.Uuid(), "owner_id", "transaction_id"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "transaction_id", name=op.f("pk_bank_charges")),
        _reference("transaction_id", "bank_charges", "transactions"),
    )
    op.create_table(
        "derivation_marks",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_derivation_marks")),
    )


def upgrade() -> None:
    """Make the tables."""
    _counterparties()
    _links()
    _series()
    _plans()
    _charges_and_mark()
    protect(*TABLES)


def downgrade() -> None:
    """Drop them."""
    for table in reversed(TABLES):
        op.drop_table(table)
