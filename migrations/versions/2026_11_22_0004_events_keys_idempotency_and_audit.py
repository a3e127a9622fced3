"""Events in the owner's order, API keys, answers to repeat, and the audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import SERVICE_ROLE, grant, protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _add_events()
    _add_api_keys()
    _add_idempotency_keys()
    _add_audit_entries()
    protect("events", "idempotency_keys")
    op.execute(f"REVOKE UPDATE ON events FROM {SERVICE_ROLE}")  # what happened stays; deletion is for pruning
    grant("api_keys", rights="SELECT, INSERT, UPDATE")
    grant("audit_entries", rights="INSERT")  # R69


def _created_at() -> sa.Column:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _add_events() -> None:
    op.create_table(
        "events",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        _created_at(),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_events")),
        sa.UniqueConstraint("owner_id", "sequence", name=op.f("uq_events_owner_id_sequence")),
    )


def _add_api_keys() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", instant, nullable=True),
        sa.Column("lifetime_days", sa.Integer(), nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.Column("last_used_at", instant, nullable=True),
        sa.Column("rotated_at", instant, nullable=True),
        sa.Column("revoked_at", instant, nullable=True),
        _created_at(),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_api_keys_owners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index("uq_api_keys_secret_hash", "api_keys", ["secret_hash"], unique=True)
    op.create_index("ix_api_keys_previous_hash", "api_keys", ["previous_hash"], unique=False)
    op.create_index("ix_api_keys_owner_id_id", "api_keys", ["owner_id", "id"], unique=False)


def _add_idempotency_keys() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "idempotency_keys",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("held_until", instant, nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        _created_at(),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("owner_id", "key_hash", name=op.f("uq_idempotency_keys_owner_id_key_hash")),
    )
    op.create_index(
        "ix_idempotency_keys_owner_id_expires_at", "idempotency_keys", ["owner_id", "expires_at"], unique=False
    )


def _add_audit_entries() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column(
            "details",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("request_id", sa.String(), nullable=True),
        _created_at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_owner_id_created_at", "audit_entries", ["owner_id", "created_at"], unique=False)


def downgrade() -> None:
    """Drop them."""
    for table in ("audit_entries", "idempotency_keys", "api_keys", "events"):
        op.drop_table(table)
