"""Webhook endpoints with their deliveries; the inbox by item, and counters of what it turned away."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import grant, protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _add_webhook_endpoints()
    _add_webhook_deliveries()
    protect("webhook_endpoints", "webhook_deliveries")
    _change_inbox()


def _instant(name: str, *, nullable: bool = True) -> sa.Column:
    default = None if nullable else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _add_webhook_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("event_types", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        _instant("previous_until"),
        _instant("disabled_at"),
        sa.Column("disabled_reason", sa.String(), nullable=True),
        _instant("failing_since"),
        _instant("last_success_at"),
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        _instant("created_at", nullable=False),
        _instant("updated_at", nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_webhook_endpoints")),
    )


def _add_webhook_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True),
        _instant("sending_until"),
        sa.Column("history", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        _instant("created_at", nullable=False),
        _instant("finished_at"),
        sa.ForeignKeyConstraint(
            ["owner_id", "endpoint_id"],
            ["webhook_endpoints.owner_id", "webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "event_id"],
            ["events.owner_id", "events.id"],
            name=op.f("fk_webhook_deliveries_events"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "owner_id", "event_id", "endpoint_id", name=op.f("uq_webhook_deliveries_owner_id_event_id_endpoint_id")
        ),
    )
    op.create_index(
        "ix_webhook_deliveries_owner_id_endpoint_id_id",
        "webhook_deliveries",
        ["owner_id", "endpoint_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_deliveries_pending",
        "webhook_deliveries",
        ["owner_id", "endpoint_id", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )


def _change_inbox() -> None:
    op.drop_index("ix_webhook_events_received_at", table_name="webhook_events")  # ids tell the time
    op.create_index(
        "ix_webhook_events_pending",
        "webhook_events",
        ["item_id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "webhook_rejection_counts",
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        _instant("last_at", nullable=False),
        sa.PrimaryKeyConstraint("reason", name=op.f("pk_webhook_rejection_counts")),
    )
    grant("webhook_rejection_counts")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("webhook_rejection_counts")
    op.drop_index(
        "ix_webhook_events_pending", table_name="webhook_events", postgresql_where=sa.text("status = 'pending'")
    )
    op.create_index("ix_webhook_events_received_at", "webhook_events", ["received_at"], unique=False)
    for table in ("webhook_deliveries", "webhook_endpoints"):
        op.drop_table(table)
