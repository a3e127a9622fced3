"""What a connection awaits and how its outages, polls and consents stand; the history of consents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import SERVICE_ROLE, protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _columns() -> tuple[sa.Column, ...]:
    instant = sa.DateTime(timezone=True)
    document = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    return (
        sa.Column("provider_message", sa.String(), nullable=True),
        sa.Column("error_attributes", document, nullable=True),
        sa.Column("mfa_parameter", document, nullable=True),
        sa.Column("connector_health", sa.String(), nullable=True),
        sa.Column("failed_logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("update_refusal", sa.String(), nullable=True),
        sa.Column("has_pending_resources", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("auto_sync_disabled_at", instant, nullable=True),
        sa.Column("consent_granted_at", instant, nullable=True),
        sa.Column("consent_revoked_at", instant, nullable=True),
        sa.Column("consent_notice_days", sa.Integer(), nullable=True),
        sa.Column("outage_started_at", instant, nullable=True),
        sa.Column("retries_used", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_retry_at", instant, nullable=True),
        sa.Column("can_retry_at", instant, nullable=True),
        sa.Column("poll_status", sa.String(), nullable=True),
        sa.Column("poll_deadline_at", instant, nullable=True),
    )


def upgrade() -> None:
    """Add the columns and the table."""
    for column in _columns():
        op.add_column("connections", column)
    instant = sa.DateTime(timezone=True)
    words = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "consents",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("pluggy_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("seen_by", sa.String(), nullable=False),
        sa.Column("products", words, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("permissions", words, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("granted_at", instant, nullable=True),
        sa.Column("expires_at", instant, nullable=True),
        sa.Column("revoked_at", instant, nullable=True),
        sa.Column("seen_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id", "connection_id"],
            ["connections.owner_id", "connections.id"],
            name=op.f("fk_consents_connections"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_consents")),
        sa.UniqueConstraint(
            "owner_id",
            "connection_id",
            "pluggy_id",
            "version",
            name=op.f("uq_consents_owner_id_connection_id_pluggy_id_version"),
        ),
    )
    op.create_index(
        "ix_consents_owner_id_connection_id_id",
        "consents",
        ["owner_id", "connection_id", sa.literal_column("id DESC")],
        unique=False,
    )
    protect("consents")
    op.execute(f"REVOKE UPDATE, DELETE ON consents FROM {SERVICE_ROLE}")  # append-only (R67)


def downgrade() -> None:
    """Drop them, and the history with them."""
    op.drop_table("consents")
    for column in reversed(_columns()):
        op.drop_column("connections", column.name)
