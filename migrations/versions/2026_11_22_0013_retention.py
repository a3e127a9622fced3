"""Every owner owes its pruning; the audit trail loses what is older than five years, by a function alone."""

from alembic import op

from migrations.row_security import SERVICE_ROLE

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_PRUNE_AUDIT = """
CREATE FUNCTION prune_audit_entries(before_id uuid, most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM audit_entries WHERE id IN (
            SELECT id FROM audit_entries
            WHERE id < before_id AND created_at < now() - interval '5 years' ORDER BY id LIMIT most
        ) RETURNING 1
    ) SELECT count(*)::integer FROM gone
$$
"""
"""The service may only add to the trail (R69): whatever it asks for, five years stay."""

_OWE_OWNERS = """
INSERT INTO owed_work (kind, ref_id, owner_id, due_at)
SELECT 'prune', id, id, now() + random() * interval '1 day' FROM owners
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    """Add the function and owe the work."""
    op.execute(_PRUNE_AUDIT)
    op.execute("REVOKE ALL ON FUNCTION prune_audit_entries FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION prune_audit_entries TO {SERVICE_ROLE}")
    op.execute("UPDATE owed_work SET kind = 'prune' WHERE kind = 'inbox_prune'")
    op.execute(_OWE_OWNERS)


def downgrade() -> None:
    """Take both back."""
    op.execute("DELETE FROM owed_work WHERE kind = 'prune' AND owner_id IS NOT NULL")
    op.execute("UPDATE owed_work SET kind = 'inbox_prune' WHERE kind = 'prune'")
    op.execute("DROP FUNCTION prune_audit_entries")
