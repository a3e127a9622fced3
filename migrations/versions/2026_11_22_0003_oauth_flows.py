"""Authorisations under way: a control table, since the browser comes back without an owner."""

import sqlalchemy as sa
from alembic import op

from migrations.row_security import grant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "oauth_flows",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("return_url", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_oauth_flows_owners")),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_oauth_flows")),
    )
    op.create_index(
        "ix_oauth_flows_owner_id_connection_id",
        "oauth_flows",
        ["owner_id", "connection_id", sa.text("created_at DESC")],
        unique=False,
    )
    grant("oauth_flows")


def downgrade() -> None:
    op.drop_table("oauth_flows")
