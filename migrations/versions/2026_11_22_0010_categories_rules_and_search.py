"""Categories and rules; what each party decided of a transaction, and what follows from it; search.

Stop the API and the workers first: columns that the code before this one reads get other names. `transactions` is
rewritten once, under its lock, and three indexes are made: nobody reads or writes the table meanwhile.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import grant, protect

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
MONEY = sa.Numeric(19, 4)
TEXTS = postgresql.ARRAY(sa.Text())

_FUNCTIONS = (
    # Without case and accents. Combining marks by their blocks: PostgreSQL's patterns know no Unicode categories.
    r"""
    CREATE FUNCTION banking_fold(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    BEGIN
        IF octet_length(value) = char_length(value) THEN
            RETURN lower(value);
        END IF;
        RETURN lower(regexp_replace(
            normalize(value, NFKD), '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g'
        ));
    END $$
    """,
    # No longer than an entry of an index may be: 2,704 bytes, of which the key takes some.
    r"""
    CREATE FUNCTION banking_search_text(description text, raw text, counterparty text, note text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
    DECLARE
        folded text := banking_fold(left(concat_ws(
            E'\n', left(description, 300), nullif(left(raw, 300), left(description, 300)), left(counterparty, 200), note
        ), 2500));
    BEGIN
        IF octet_length(folded) > 2500 THEN
            RETURN left(folded, 625);
        END IF;
        RETURN folded;
    END $$
    """,
    # A version 7 UUID, ordered by time as those made in Python are; PostgreSQL has its own from 18 on.
    r"""
    CREATE FUNCTION banking_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
        SELECT encode(set_bit(set_bit(overlay(
            uuid_send(gen_random_uuid())
            PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6
        ), 52, 1), 53, 1), 'hex')::uuid
    $$
    """,
)

_UPGRADE = (
    "DROP INDEX ix_transactions_owner_id_date",
    "ALTER TABLE transactions RENAME COLUMN tags TO user_tags",
    "ALTER TABLE transactions RENAME COLUMN ignored TO user_ignored",
    """
    ALTER TABLE transactions
        ALTER COLUMN user_tags DROP DEFAULT,
        ALTER COLUMN user_tags DROP NOT NULL,
        ALTER COLUMN user_tags TYPE text[] USING nullif(user_tags, '{}'),
        ALTER COLUMN user_ignored DROP DEFAULT,
        ALTER COLUMN user_ignored DROP NOT NULL,
        ALTER COLUMN user_ignored TYPE boolean USING nullif(user_ignored, false),
        ADD COLUMN user_category_id varchar,
        ADD COLUMN rule_ids uuid[],
        ADD COLUMN category_rule_id uuid,
        ADD COLUMN rule_category_id varchar,
        ADD COLUMN rule_tags text[],
        ADD COLUMN rule_ignored boolean,
        ADD COLUMN built_in_category_id varchar,
        ADD COLUMN internal_kind varchar,
        ADD COLUMN counterparty_id uuid,
        ADD COLUMN category_id varchar GENERATED ALWAYS AS (
            coalesce(user_category_id, rule_category_id, pluggy_category_id, built_in_category_id)
        ) STORED,
        ADD COLUMN category_source varchar GENERATED ALWAYS AS (
            CASE WHEN user_category_id IS NOT NULL THEN 'user'
                 WHEN rule_category_id IS NOT NULL THEN 'rule'
                 WHEN pluggy_category_id IS NOT NULL THEN 'pluggy'
                 WHEN built_in_category_id IS NOT NULL THEN 'built_in' END
        ) STORED,
        ADD COLUMN tags text[] GENERATED ALWAYS AS (coalesce(user_tags, rule_tags, '{}'::text[])) STORED NOT NULL,
        ADD COLUMN ignored boolean GENERATED ALWAYS AS (coalesce(user_ignored, rule_ignored, false)) STORED NOT NULL,
        ADD COLUMN search_text varchar GENERATED ALWAYS AS (
            banking_search_text(description, description_raw, counterparty_name, note)
        ) STORED NOT NULL
    """,
    """
    CREATE INDEX ix_transactions_owner_id_date ON transactions (owner_id, date DESC, id DESC) INCLUDE (search_text)
    WHERE removed_at IS NULL
    """,
    """
    CREATE INDEX ix_transactions_owner_id_account_id_date ON transactions (owner_id, account_id, date DESC, id DESC)
    WHERE removed_at IS NULL
    """,
    """
    CREATE INDEX ix_transactions_owner_id_category_id_date ON transactions (owner_id, category_id, date DESC, id DESC)
    WHERE removed_at IS NULL
    """,
)

_DOWNGRADE = (
    "DROP INDEX ix_transactions_owner_id_category_id_date",
    "DROP INDEX ix_transactions_owner_id_account_id_date",
    "DROP INDEX ix_transactions_owner_id_date",
    """
    ALTER TABLE transactions
        DROP COLUMN search_text, DROP COLUMN ignored, DROP COLUMN tags, DROP COLUMN category_source,
        DROP COLUMN category_id, DROP COLUMN counterparty_id, DROP COLUMN internal_kind,
        DROP COLUMN built_in_category_id, DROP COLUMN rule_ignored, DROP COLUMN rule_tags,
        DROP COLUMN rule_category_id, DROP COLUMN category_rule_id, DROP COLUMN rule_ids,
        DROP COLUMN user_category_id,
        ALTER COLUMN user_tags TYPE text[] USING coalesce(user_tags, '{}'),
        ALTER COLUMN user_tags SET DEFAULT '{}',
        ALTER COLUMN user_tags SET NOT NULL,
        ALTER COLUMN user_ignored TYPE boolean USING coalesce(user_ignored, false),
        ALTER COLUMN user_ignored SET DEFAULT false,
        ALTER COLUMN user_ignored SET NOT NULL
    """,
    "ALTER TABLE transactions RENAME COLUMN user_tags TO tags",
    "ALTER TABLE transactions RENAME COLUMN user_ignored TO ignored",
    """
    CREATE INDEX ix_transactions_owner_id_date ON transactions (owner_id, date DESC, id DESC)
    WHERE removed_at IS NULL
    """,
    "DROP FUNCTION banking_uuid7()",
    "DROP FUNCTION banking_search_text(text, text, text, text)",
    "DROP FUNCTION banking_fold(text)",
)


def _ledger_table(name: str, *columns: sa.Column | sa.Constraint) -> None:
    op.create_table(
        name,
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *columns,
        sa.Column("change_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f(f"pk_{name}")),
    )
    protect(name)


def _categories() -> None:
    op.create_table(
        "pluggy_categories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_pt", sa.Text(), nullable=False),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pluggy_categories")),
    )
    grant("pluggy_categories")
    _ledger_table(
        "categories",
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
    )


def _rules() -> None:
    _ledger_table(
        "category_rules",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("text_match", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("counterparty", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("amount_from", MONEY, nullable=True),
        sa.Column("amount_to", MONEY, nullable=True),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("category_id", sa.Text(), nullable=True),
        sa.Column("tags", TEXTS, nullable=True),
        sa.Column("ignored", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id", "account_id"], ["accounts.owner_id", "accounts.id"], name=op.f("fk_category_rules_accounts")
        ),
    )
    op.create_index("ix_category_rules_owner_id_position", "category_rules", ["owner_id", "position", "id"])
    _ledger_table(
        "rule_applications",
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("processed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("place", sa.Uuid(), nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
    )


def upgrade() -> None:
    """Make the functions, the columns and the tables."""
    for statement in (*_FUNCTIONS, *_UPGRADE):
        op.execute(statement)
    _categories()
    _rules()


def downgrade() -> None:
    """Drop them; what persons decided of tags and sums stays, their categories go."""
    for table in ("rule_applications", "category_rules", "categories", "pluggy_categories"):
        op.drop_table(table)
    for statement in _DOWNGRADE:
        op.execute(statement)
