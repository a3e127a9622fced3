"""Why a transaction is in its category."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.categories import service as categories
from app.categories.built_in import names_of
from app.categories.classifier import Verdict, classify, text_to_classify
from app.categories.service import Tree
from app.category_rules import repository as rules
from app.transactions.bulk import CATEGORY
from app.transactions.models import Transaction
from app.transactions.schemas import CategoryExplanation, CategoryRead, CategoryReason


async def explain(session: AsyncSession, row: Transaction) -> CategoryExplanation:
    """Return what speaks for a category of the row, in the order in which it counts."""
    tree = await categories.get_tree(session, row.owner_id)
    rule = row.category_rule_id and await rules.find(session, row.owner_id, row.category_rule_id)
    verdict = _verdict(row)
    reasons: list[CategoryReason] = []
    for column in CATEGORY:
        category_id, source = getattr(row, column), column.removesuffix("_category_id")
        if category_id is None:
            continue
        is_built_in = source == "built_in" and verdict is not None and verdict.category_id == category_id
        reasons.append(
            CategoryReason(
                source=source,
                category=_named(category_id, tree, row),
                counts=not reasons,
                category_rule_id=row.category_rule_id if source == "rule" else None,
                rule_name=rule.name if rule and source == "rule" else None,
                sign=verdict.by if verdict and is_built_in else None,
                evidence=verdict.evidence if verdict and is_built_in else None,
            )
        )
    return CategoryExplanation(
        category=reasons[0].category if reasons else None,
        category_source=reasons[0].source if reasons else None,
        reasons=reasons,
        matching_rule_ids=row.rule_ids or [],
    )


def _verdict(row: Transaction) -> Verdict | None:
    details = row.details or {}
    code = details.get("card", {}).get("merchant_category_code")
    text = text_to_classify(row.description, details.get("merchant", {}).get("name"))
    return classify(code, text, row.operation_type)


def _named(category_id: str, tree: Tree, row: Transaction) -> CategoryRead:
    node = tree.get(category_id)
    given = row.pluggy_category if row.pluggy_category_id == category_id else None
    names = (node.name, node.name_pt) if node else names_of(category_id, own=None, given=given)
    return CategoryRead(id=category_id, name=names[0], name_pt=names[1])
