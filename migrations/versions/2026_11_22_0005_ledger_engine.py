"""What a sync must still ask Pluggy about, and what is known of accounts that moved or vanished."""

import sqlalchemy as sa
from alembic import op

from migrations.row_security import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sync_hints",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("account_pluggy_id", sa.Uuid(), nullable=False),
        sa.Column("pluggy_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint(
            "owner_id", "connection_id", "account_pluggy_id", "pluggy_id", name=op.f("pk_sync_hints")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "connection_id"],
            ["connections.owner_id", "connections.id"],
            name=op.f("fk_sync_hints_connections"),
        ),
    )
    protect("sync_hints")
    op.add_column("accounts", sa.Column("taken_over_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("unlisted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_transactions_owner_id_account_id_removed_at",
        "transactions",
        ["owner_id", "account_id", "removed_at"],
        postgresql_where=sa.text("removed_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_transactions_owner_id_account_id_removed_at", table_name="transactions")
    op.drop_column("accounts", "unlisted_at")
    op.drop_column("accounts", "taken_over_at")
    op.drop_table("sync_hints")
