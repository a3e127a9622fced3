"""Row-level security and grants: every new table passes through one of these two functions (R54)."""

from alembic import op

SERVICE_ROLE = "banking_app"
_OWNER = "nullif(current_setting('banking.owner', true), '')::uuid"


def protect(*tables: str) -> None:
    """Show each row of these tables to its own owner alone, even to the role that owns them."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY owner ON {table} USING (owner_id = {_OWNER}) WITH CHECK (owner_id = {_OWNER})")
    grant(*tables)


def grant(*tables: str, rights: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Let the service use these tables."""
    for table in tables:
        op.execute(f"GRANT {rights} ON {table} TO {SERVICE_ROLE}")
