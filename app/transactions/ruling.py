"""SQL of what rules make of transactions: the one place where a rule's conditions are compared with rows.

A rule is a row of `category_rules`, or a draft in the same columns; texts are compared without case and accents. Of
the rules that hold, the first that names a category, or says whether to leave out of sums, decides that; tags add up.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Numeric, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

_RULE: Final = """
    account_id, amount_from, amount_to, direction, text_match, banking_fold(text) AS text,
    banking_fold(counterparty) AS counterparty
"""
_ROW: Final = """
    ledger.id, ledger.account_id, ledger.amount, ledger.direction, banking_fold(ledger.description) AS text,
    banking_fold(ledger.counterparty_name) AS counterparty
"""
_HOLDS: Final = """
    (rule.account_id IS NULL OR seen.account_id = rule.account_id)
    AND (rule.amount_from IS NULL OR seen.amount >= rule.amount_from)
    AND (rule.amount_to IS NULL OR seen.amount <= rule.amount_to)
    AND (rule.direction IS NULL OR seen.direction = rule.direction)
    AND (rule.counterparty IS NULL OR strpos(seen.counterparty, rule.counterparty) > 0)
    AND (rule.text IS NULL OR CASE rule.text_match
        WHEN 'contains' THEN strpos(seen.text, rule.text) > 0
        WHEN 'starts_with' THEN starts_with(seen.text, rule.text)
        ELSE seen.text = rule.text END)
"""
_FIRST: Final = "(array_agg(rule.{0} ORDER BY rule.position, rule.id) FILTER (WHERE rule.{1} IS NOT NULL))[1]"
_APPLY: Final = """
WITH rule AS MATERIALIZED (
    SELECT id, position, category_id, tags, ignored, {rule} FROM category_rules WHERE owner_id = :owner_id
), seen AS MATERIALIZED (
    SELECT {row}, ledger.category_id AS category_before, ledger.tags AS tags_before, ledger.ignored AS ignored_before
    FROM transactions AS ledger WHERE ledger.owner_id = :owner_id AND ledger.removed_at IS NULL AND {scope}
), verdict AS (
    SELECT seen.id, array_agg(rule.id ORDER BY rule.position, rule.id) FILTER (WHERE rule.id IS NOT NULL) AS rule_ids,
        {category_rule_id} AS category_rule_id, {category_id} AS category_id, {ignored} AS ignored
    FROM seen LEFT JOIN rule ON {holds} GROUP BY seen.id
), tagged AS (
    SELECT verdict.*, (SELECT array_agg(DISTINCT tag ORDER BY tag) FROM rule, unnest(rule.tags) AS tag
        WHERE rule.id = ANY (verdict.rule_ids)) AS tags
    FROM verdict
), written AS (
    UPDATE transactions AS ledger
    SET rule_ids = tagged.rule_ids, category_rule_id = tagged.category_rule_id, rule_category_id = tagged.category_id,
        rule_tags = tagged.tags, rule_ignored = tagged.ignored, change_number = :change_number, updated_at = now()
    FROM tagged
    WHERE ledger.owner_id = :owner_id AND ledger.id = tagged.id AND {touched}
        AND (ledger.rule_ids, ledger.category_rule_id, ledger.rule_category_id, ledger.rule_tags, ledger.rule_ignored)
            IS DISTINCT FROM (tagged.rule_ids, tagged.category_rule_id, tagged.category_id, tagged.tags, tagged.ignored)
    RETURNING ledger.id, ledger.category_id, ledger.tags, ledger.ignored, ledger.created_number
), told AS (
    SELECT written.id, written.created_number,
        CASE WHEN category_before IS DISTINCT FROM category_id
            THEN jsonb_build_object('category_id', jsonb_build_array(category_before, category_id)) ELSE '{{}}' END
        || CASE WHEN tags_before <> tags
            THEN jsonb_build_object('tags', jsonb_build_array(tags_before, tags)) ELSE '{{}}' END
        || CASE WHEN ignored_before <> ignored
            THEN jsonb_build_object('ignored', jsonb_build_array(ignored_before, ignored)) ELSE '{{}}' END AS changes
    FROM written JOIN seen ON seen.id = written.id
), kept AS (
    INSERT INTO transaction_revisions (owner_id, id, transaction_id, run_id, kind, changes, change_number)
    SELECT :owner_id, banking_uuid7(), id, :run_id, 'ruled', changes, :change_number FROM told
    WHERE changes <> '{{}}' AND created_number < :change_number
    RETURNING id
)
SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM written), (SELECT id FROM seen ORDER BY id DESC LIMIT 1)
"""
_PREVIEW: Final = """
WITH rule AS MATERIALIZED (SELECT {rule} FROM (SELECT CAST(:account_id AS uuid) AS account_id,
    CAST(:amount_from AS numeric) AS amount_from, CAST(:amount_to AS numeric) AS amount_to,
    CAST(:direction AS text) AS direction, CAST(:text_match AS text) AS text_match, CAST(:text AS text) AS text,
    CAST(:counterparty AS text) AS counterparty) AS draft
), seen AS (
    SELECT {row}, ledger.date, ledger.user_category_id, ledger.category_id FROM transactions AS ledger
    WHERE ledger.owner_id = :owner_id AND ledger.removed_at IS NULL
)
SELECT (SELECT count(*) FROM seen), count(*),
    count(*) FILTER (WHERE CAST(:category_id AS text) IS NOT NULL AND seen.user_category_id IS NULL
        AND seen.category_id IS DISTINCT FROM :category_id),
    (array_agg(seen.id ORDER BY seen.date DESC, seen.id DESC))[1:20]
FROM seen JOIN rule ON {holds}
"""

_PARAMETERS: Final = (
    bindparam("owner_id", type_=Uuid),
    bindparam("run_id", type_=Uuid),
)


def _apply(*, scope: str, touched: str = "true") -> TextClause:
    return text(
        _APPLY.format(
            rule=_RULE,
            row=_ROW,
            holds=_HOLDS,
            scope=scope,
            touched=touched,
            category_rule_id=_FIRST.format("id", "category_id"),
            category_id=_FIRST.format("category_id", "category_id"),
            ignored=_FIRST.format("ignored", "ignored"),
        )
    ).bindparams(*_PARAMETERS)


_TO_ROWS: Final = _apply(scope="ledger.id = ANY (:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_ONWARD: Final = _apply(
    scope="ledger.id IN (SELECT id FROM transactions WHERE owner_id = :owner_id AND removed_at IS NULL"
    " AND id > :place ORDER BY id LIMIT :limit)",
    touched="(CAST(:rule_id AS uuid) IS NULL OR :rule_id = ANY (tagged.rule_ids) OR :rule_id = ANY (ledger.rule_ids))",
).bindparams(bindparam("place", type_=Uuid), bindparam("rule_id", type_=Uuid))
_TRY: Final = text(_PREVIEW.format(rule=_RULE, row=_ROW, holds=_HOLDS)).bindparams(
    bindparam("owner_id", type_=Uuid),
    bindparam("account_id", type_=Uuid),
    bindparam("amount_from", type_=Numeric(19, 4)),
    bindparam("amount_to", type_=Numeric(19, 4)),
    *(bindparam(name, type_=Text) for name in ("direction", "text_match", "text", "counterparty", "category_id")),
)
_ANY: Final = text("SELECT EXISTS (SELECT FROM category_rules WHERE owner_id = :owner_id)").bindparams(
    bindparam("owner_id", type_=Uuid)
)
CONDITIONS: Final = ("account_id", "amount_from", "amount_to", "direction", "text_match", "text", "counterparty")


class Part(NamedTuple):
    """What became of one part of the owner's rows; `place` is the last one's id, None when there was none."""

    processed: int
    changed: int
    place: UUID | None


class Preview(NamedTuple):
    """How many rows there are, how many a rule matches, in how many it would change the category, and the newest."""

    total: int
    matched: int
    recategorised: int
    newest: Sequence[UUID]


async def has_rules(session: AsyncSession, owner_id: UUID) -> bool:
    """Tell whether there is anything to apply."""
    return bool((await session.execute(_ANY, {"owner_id": owner_id})).scalar_one())


async def apply_to(
    session: AsyncSession, owner_id: UUID, ids: Sequence[UUID], *, run_id: UUID | None, change_number: int
) -> None:
    """Let the owner's rules decide about these rows; what is so already is not written."""
    values = {"owner_id": owner_id, "ids": list(ids), "run_id": run_id, "change_number": change_number}
    await session.execute(_TO_ROWS, values)


async def apply_onward(
    session: AsyncSession, owner_id: UUID, *, rule_id: UUID | None, place: UUID, limit: int, change_number: int
) -> Part:
    """Let the rules decide about the next rows by id after `place`; with a rule, about those it matches or matched."""
    values = {
        "owner_id": owner_id,
        "rule_id": rule_id,
        "place": place,
        "limit": limit,
        "run_id": None,
        "change_number": change_number,
    }
    return Part(*(await session.execute(_ONWARD, values)).one())


async def preview(session: AsyncSession, owner_id: UUID, draft: Mapping[str, Any]) -> Preview:
    """Return what a rule with these CONDITIONS and this `category_id` would find among the owner's rows."""
    names = (*CONDITIONS, "category_id")
    values = {name: draft.get(name) for name in names} | {"owner_id": owner_id}
    total, matched, recategorised, newest = (await session.execute(_TRY, values)).one()
    return Preview(total, matched, recategorised, newest or [])
