"""Events in the owner's order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import SERVICE_ROLE, protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "events",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_events")),
        sa.UniqueConstraint("owner_id", "sequence", name=op.f("uq_events_owner_id_sequence")),
    )
    protect("events")
    op.execute(f"REVOKE UPDATE ON events FROM {SERVICE_ROLE}")  # what happened stays; deletion is for pruning


def downgrade() -> None:
    """Drop them."""
    op.drop_table("events")
