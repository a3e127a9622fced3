"""Insights, and the index that sums are read from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import protect

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table and the index."""
    op.create_table(
        "insights",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("rows", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("first_seen_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("dismissed_at", INSTANT, nullable=True),
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_insights")),
        sa.UniqueConstraint("owner_id", "kind", "key", name=op.f("uq_insights_owner_id_kind_key")),
    )
    protect("insights")
    op.create_index(
        "ix_transactions_owner_id_date_summed",
        "transactions",
        ["owner_id", "date"],
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
        postgresql_where=sa.text("removed_at IS NULL"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_transactions_owner_id_date_summed", table_name="transactions")
    op.drop_table("insights")
