"""Bills, daily balances, investments and loans; until when a refresh would come too soon."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import protect

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
MONEY = sa.Numeric(19, 4)
QUANTITY = sa.Numeric(28, 10)
JSON = postgresql.JSONB(astext_type=sa.Text())
DOCUMENT = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())


def _stamps() -> tuple[sa.Column, ...]:
    return (
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.text("now()"), nullable=False),
    )


def _optional(kind: sa.types.TypeEngine, *names: str) -> tuple[sa.Column, ...]:
    return tuple(sa.Column(name, kind, nullable=True) for name in names)


def _mirror(table: str, parent: str, parent_table: str, *columns: sa.Column) -> None:
    """Make the table of a mirrored list."""
    op.create_table(
        table,
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(parent, sa.Uuid(), nullable=False),
        sa.Column("pluggy_id", sa.Uuid(), nullable=False),
        *columns,
        sa.Column("unlisted_at", INSTANT, nullable=True),
        *_stamps(),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("owner_id", parent, "pluggy_id", name=op.f(f"uq_{table}_owner_id_{parent}_pluggy_id")),
        sa.ForeignKeyConstraint(
            ["owner_id", parent],
            [f"{parent_table}.owner_id", f"{parent_table}.id"],
            name=op.f(f"fk_{table}_{parent_table}"),
        ),
    )
    protect(table)


def _bills() -> None:
    _mirror(
        "bills",
        "account_id",
        "accounts",
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("closing_date", sa.Date(), nullable=True),
        sa.Column("currency_code", sa.String(), nullable=False),
        *_optional(MONEY, "total_amount", "minimum_payment", "paid_amount"),
        sa.Column("is_paid_in_full", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("allows_installments", sa.Boolean(), nullable=True),
        *(
            sa.Column(name, JSON, server_default=sa.text("'[]'"), nullable=False)
            for name in ("finance_charges", "payments", "told")
        ),
    )
    op.create_index(
        "ix_bills_owner_id_account_id_due_date",
        "bills",
        ["owner_id", "account_id", sa.text("due_date DESC"), sa.text("id DESC")],
    )


def _investments() -> None:
    _mirror(
        "investments",
        "connection_id",
        "connections",
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency_code", sa.String(), nullable=False),
        *_optional(sa.String(), "subtype", "status", "number_masked"),
        *_optional(MONEY, "balance", "amount", "amount_original", "amount_profit", "amount_withdrawal"),
        *_optional(MONEY, "taxes", "taxes2"),
        *_optional(QUANTITY, "quantity", "unit_value"),
        *_optional(sa.Date(), "date", "due_date"),
        sa.Column("details", DOCUMENT, server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_index("ix_investments_owner_id_created_at", "investments", ["owner_id", "created_at", "id"])


def _loans() -> None:
    days = ("contract_date", "first_installment_due_date", "due_date", "settlement_date")
    numbers = ("total_installments", "paid_installments", "due_installments", "past_due_installments")
    _mirror(
        "loans",
        "connection_id",
        "connections",
        sa.Column("product_name", sa.String(), nullable=False),
        sa.Column("currency_code", sa.String(), nullable=False),
        *_optional(sa.String(), "kind", "type", "contract_number_masked"),
        *_optional(MONEY, "contract_amount", "outstanding_balance"),
        *_optional(QUANTITY, "cet"),
        *_optional(sa.Date(), *days),
        *_optional(sa.Integer(), *numbers),
        sa.Column("details", DOCUMENT, server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_index("ix_loans_owner_id_created_at", "loans", ["owner_id", "created_at", "id"])


def _balances() -> None:
    op.create_table(
        "account_balances",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("balance", MONEY, nullable=False),
        sa.Column("currency_code", sa.String(), nullable=False),
        sa.Column("as_of", INSTANT, nullable=False),
        *_optional(MONEY, "movements", "unexplained"),
        *_stamps(),
        sa.PrimaryKeyConstraint("owner_id", "account_id", "day", name=op.f("pk_account_balances")),
        sa.ForeignKeyConstraint(
            ["owner_id", "account_id"],
            ["accounts.owner_id", "accounts.id"],
            name=op.f("fk_account_balances_accounts"),
        ),
    )
    protect("account_balances")


def upgrade() -> None:
    """Make the tables, and add the column."""
    _bills()
    _investments()
    _loans()
    _balances()
    op.add_column("connections", sa.Column("refresh_allowed_at", INSTANT, nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("connections", "refresh_allowed_at")
    for table in ("account_balances", "loans", "investments", "bills"):
        op.drop_table(table)
