"""Rules as the API shows and takes them: conditions and actions apart, which the table holds side by side."""

from typing import Any

from app.category_rules.models import CategoryRule, RuleApplication
from app.category_rules.schemas import (
    ActionsRead,
    CategoryRuleRead,
    CategoryRuleRequest,
    CategoryRuleUpdate,
    ConditionsRead,
    RuleActions,
    RuleApplicationRead,
    RuleConditions,
    RuleSuggestion,
)


def shown(rule: CategoryRule) -> CategoryRuleRead:
    """Return the rule."""
    return CategoryRuleRead(
        id=rule.id,
        position=rule.position,
        name=rule.name,
        conditions=ConditionsRead.model_validate(rule),
        actions=ActionsRead.model_validate(rule),
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def shown_application(application: RuleApplication) -> RuleApplicationRead:
    """Return how far an application has come."""
    return RuleApplicationRead(
        id=application.id,
        category_rule_id=application.rule_id,
        status=application.status,
        total=application.total,
        processed=application.processed,
        changed=application.changed,
        created_at=application.created_at,
        finished_at=application.finished_at,
    )


def suggestion_of(columns: dict[str, Any], matched: int) -> RuleSuggestion:
    """Return a rule with these columns as it would be sent."""
    conditions = {name: value for name, value in columns.items() if name in RuleConditions.model_fields}
    actions = RuleActions(category_id=columns["category_id"])
    return RuleSuggestion(
        rule=CategoryRuleRequest(conditions=RuleConditions(**conditions), actions=actions), matched=matched
    )


def columns_of(asked: CategoryRuleRequest) -> dict[str, Any]:
    """Return the columns of a new rule."""
    return {"name": asked.name, **_conditions(asked.conditions), **_actions(asked.actions)}


def changed_columns(changes: CategoryRuleUpdate) -> dict[str, Any]:
    """Return the columns that shall change."""
    columns: dict[str, Any] = {"name": changes.name} if "name" in changes.model_fields_set else {}
    if changes.conditions is not None:
        columns |= _conditions(changes.conditions)
    if changes.actions is not None:
        columns |= _actions(changes.actions)
    if changes.position is not None:
        columns["position"] = changes.position
    return columns


def _conditions(conditions: RuleConditions) -> dict[str, Any]:
    columns = conditions.model_dump()
    return columns if conditions.text is not None else {**columns, "text_match": None}


def _actions(actions: RuleActions) -> dict[str, Any]:
    return {**actions.model_dump(), "tags": actions.tags or None}
