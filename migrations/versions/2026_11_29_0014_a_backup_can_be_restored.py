"""The function behind `search_text` names its helper with its schema.

`pg_dump` has a restore look into no schema by itself: without the name no row of `transactions` could be restored.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_SEARCH_TEXT = r"""
CREATE OR REPLACE FUNCTION banking_search_text(description text, raw text, counterparty text, note text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    folded text := {schema}banking_fold(left(concat_ws(
        E'\n', left(description, 300), nullif(left(raw, 300), left(description, 300)), left(counterparty, 200), note
    ), 2500));
BEGIN
    IF octet_length(folded) > 2500 THEN
        RETURN left(folded, 625);
    END IF;
    RETURN folded;
END $$
"""


def upgrade() -> None:
    """Name the schema; what the function returns stays."""
    op.execute(_SEARCH_TEXT.replace("{schema}", "public."))


def downgrade() -> None:
    """Leave the schema to whoever calls."""
    op.execute(_SEARCH_TEXT.replace("{schema}", ""))
