"""Owners, owed work, the webhook inbox, and the ledger under row-level security."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import grant, protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "findings",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column(
            "details",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_findings")),
        sa.UniqueConstraint("owner_id", "kind", "subject", name=op.f("uq_findings_owner_id_kind_subject")),
    )
    op.create_index("ix_findings_owner_id_account_id", "findings", ["owner_id", "account_id", "id"], unique=False)
    op.create_table(
        "owed_work",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "ref_id", name=op.f("pk_owed_work")),
    )
    op.create_index("ix_owed_work_due_at", "owed_work", ["due_at"], unique=False)
    op.create_index("ix_owed_work_kind_due_at", "owed_work", ["kind", "due_at"], unique=False)
    op.create_table(
        "owners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("change_number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owners")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_owners_issuer_subject")),
    )
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
    )
    op.create_index(
        "ix_webhook_events_orphans",
        "webhook_events",
        ["item_id"],
        unique=False,
        postgresql_where=sa.text("status = 'orphan'"),
    )
    op.create_index("ix_webhook_events_received_at", "webhook_events", ["received_at"], unique=False)
    op.create_index("uq_webhook_events_event_id", "webhook_events", ["event_id"], unique=True)
    op.create_table(
        "webhook_rejections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column(
            "headers",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_rejections")),
    )
    op.create_table(
        "connections",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("connector_id", sa.Integer(), nullable=False),
        sa.Column("institution_name", sa.String(), nullable=False),
        sa.Column("institution_image_url", sa.String(), nullable=True),
        sa.Column("is_sandbox", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_open_finance", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_oauth", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("products", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("status", sa.String(), server_default="UPDATING", nullable=False),
        sa.Column("execution_status", sa.String(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("status_detail", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("parameter", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("user_action", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("consent_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("item_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_auto_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleting_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_connections_owners")),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_connections")),
        sa.UniqueConstraint("owner_id", "item_id", name=op.f("uq_connections_owner_id_item_id")),
    )
    op.create_index(
        "ix_connections_owner_id_created_at",
        "connections",
        ["owner_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "item_owners",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_item_owners_owners")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_item_owners")),
    )
    op.create_table(
        "accounts",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("pluggy_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subtype", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("marketing_name", sa.String(), nullable=True),
        sa.Column("number_masked", sa.String(), nullable=True),
        sa.Column("number", sa.LargeBinary(), nullable=True),
        sa.Column("number_hash", sa.LargeBinary(), nullable=True),
        sa.Column("currency_code", sa.String(), nullable=False),
        sa.Column("balance", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("balance_raw", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("balance_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "details",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("alias", sa.String(), nullable=True),
        sa.Column("hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("watermark_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deep_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id", "connection_id"],
            ["connections.owner_id", "connections.id"],
            name=op.f("fk_accounts_connections"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("owner_id", "pluggy_id", name=op.f("uq_accounts_owner_id_pluggy_id")),
    )
    op.create_index("ix_accounts_owner_id_connection_id", "accounts", ["owner_id", "connection_id"], unique=False)
    op.create_table(
        "deletions",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id", "connection_id"],
            ["connections.owner_id", "connections.id"],
            name=op.f("fk_deletions_connections"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_deletions")),
        sa.UniqueConstraint("owner_id", "connection_id", name=op.f("uq_deletions_owner_id_connection_id")),
    )
    op.create_table(
        "sync_runs",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default="queued", nullable=False),
        sa.Column("phase", sa.String(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=True),
        sa.Column("first_fence", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fetched", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("inserted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("quarantined", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("removed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_detail", sa.String(), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id", "connection_id"],
            ["connections.owner_id", "connections.id"],
            name=op.f("fk_sync_runs_connections"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_sync_runs")),
    )
    op.create_index(
        "ix_sync_runs_owner_id_connection_id",
        "sync_runs",
        ["owner_id", "connection_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_sync_runs_queued",
        "sync_runs",
        ["owner_id", "connection_id"],
        unique=True,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index(
        "uq_sync_runs_running",
        "sync_runs",
        ["owner_id", "connection_id"],
        unique=True,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "sync_run_accounts",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), server_default="running", nullable=False),
        sa.Column("read_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("newest_created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("inserted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("quarantined", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("removed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_detail", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id", "account_id"],
            ["accounts.owner_id", "accounts.id"],
            name=op.f("fk_sync_run_accounts_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "run_id"],
            ["sync_runs.owner_id", "sync_runs.id"],
            name=op.f("fk_sync_run_accounts_sync_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("owner_id", "run_id", "account_id", name=op.f("pk_sync_run_accounts")),
    )
    op.create_table(
        "transactions",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("pluggy_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("currency_code", sa.String(), nullable=False),
        sa.Column("original_amount", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("original_currency_code", sa.String(), nullable=True),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("amount_raw", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("description_raw", sa.String(), nullable=True),
        sa.Column("running_balance", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("pluggy_category_id", sa.String(), nullable=True),
        sa.Column("pluggy_category", sa.String(), nullable=True),
        sa.Column("operation_type", sa.String(), nullable=True),
        sa.Column("counterparty_name", sa.String(), nullable=True),
        sa.Column("counterparty_document_hash", sa.LargeBinary(), nullable=True),
        sa.Column("payment", sa.LargeBinary(), nullable=True),
        sa.Column("installment_number", sa.SmallInteger(), nullable=True),
        sa.Column("total_installments", sa.SmallInteger(), nullable=True),
        sa.Column("bill_pluggy_id", sa.Uuid(), nullable=True),
        sa.Column("details", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("pluggy_created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("read_number", sa.BigInteger(), nullable=False),
        sa.Column("added_read", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("ignored", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.Column("created_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"], name=op.f("fk_transactions_accounts")
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_transactions")),
        sa.UniqueConstraint(
            "owner_id", "account_id", "pluggy_id", name=op.f("uq_transactions_owner_id_account_id_pluggy_id")
        ),
    )
    op.create_index(
        "ix_transactions_owner_id_change_number", "transactions", ["owner_id", "change_number", "id"], unique=False
    )
    op.create_index(
        "ix_transactions_owner_id_date",
        "transactions",
        ["owner_id", sa.literal_column("date DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "sync_windows",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("date_from", sa.Date(), nullable=True),
        sa.Column("date_to", sa.Date(), nullable=True),
        sa.Column("created_at_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id", "run_id", "account_id"],
            ["sync_run_accounts.owner_id", "sync_run_accounts.run_id", "sync_run_accounts.account_id"],
            name=op.f("fk_sync_windows_sync_run_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("owner_id", "run_id", "account_id", "position", name=op.f("pk_sync_windows")),
    )
    op.create_table(
        "transaction_revisions",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("changes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id", "transaction_id"],
            ["transactions.owner_id", "transactions.id"],
            name=op.f("fk_transaction_revisions_transactions"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_transaction_revisions")),
    )
    op.create_index(
        "ix_transaction_revisions_owner_id_run_id", "transaction_revisions", ["owner_id", "run_id", "id"], unique=False
    )
    op.create_index(
        "ix_transaction_revisions_owner_id_transaction_id",
        "transaction_revisions",
        ["owner_id", "transaction_id", "id"],
        unique=False,
    )
    op.execute("GRANT USAGE ON SCHEMA public TO banking_app")
    grant("owners", "item_owners", "owed_work", "webhook_events", "webhook_rejections")
    grant("alembic_version", rights="SELECT")
    protect(
        "findings",
        "connections",
        "accounts",
        "deletions",
        "sync_runs",
        "sync_run_accounts",
        "transactions",
        "sync_windows",
        "transaction_revisions",
    )


def downgrade() -> None:
    op.drop_index("ix_transaction_revisions_owner_id_transaction_id", table_name="transaction_revisions")
    op.drop_index("ix_transaction_revisions_owner_id_run_id", table_name="transaction_revisions")
    op.drop_table("transaction_revisions")
    op.drop_table("sync_windows")
    op.drop_index(
        "ix_transactions_owner_id_date", table_name="transactions", postgresql_where=sa.text("removed_at IS NULL")
    )
    op.drop_index("ix_transactions_owner_id_change_number", table_name="transactions")
    op.drop_table("transactions")
    op.drop_table("sync_run_accounts")
    op.drop_index("uq_sync_runs_running", table_name="sync_runs", postgresql_where=sa.text("status = 'running'"))
    op.drop_index("uq_sync_runs_queued", table_name="sync_runs", postgresql_where=sa.text("status = 'queued'"))
    op.drop_index("ix_sync_runs_owner_id_connection_id", table_name="sync_runs")
    op.drop_table("sync_runs")
    op.drop_table("deletions")
    op.drop_index("ix_accounts_owner_id_connection_id", table_name="accounts")
    op.drop_table("accounts")
    op.drop_table("item_owners")
    op.drop_index("ix_connections_owner_id_created_at", table_name="connections")
    op.drop_table("connections")
    op.drop_table("webhook_rejections")
    op.drop_index("uq_webhook_events_event_id", table_name="webhook_events")
    op.drop_index("ix_webhook_events_received_at", table_name="webhook_events")
    op.drop_index(
        "ix_webhook_events_orphans", table_name="webhook_events", postgresql_where=sa.text("status = 'orphan'")
    )
    op.drop_table("webhook_events")
    op.drop_table("owners")
    op.drop_index("ix_owed_work_kind_due_at", table_name="owed_work")
    op.drop_index("ix_owed_work_due_at", table_name="owed_work")
    op.drop_table("owed_work")
    op.drop_index("ix_findings_owner_id_account_id", table_name="findings")
    op.drop_table("findings")
