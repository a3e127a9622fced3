"""What the API accepts and shows of rules."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from app.schemas import ApiModel, Input, MoneyText
from app.transactions.filters import Amount, CategoryId
from app.transactions.schemas import Tags, TransactionRead

_RULE: dict[str, Any] = {
    "name": "Padaria",
    "conditions": {"text": "padaria", "text_match": "contains", "direction": "OUT"},
    "actions": {"category_id": "11010000", "tags": ["café"]},
}
_STORED: dict[str, Any] = {
    "id": "01990b14-0d3e-7f21-8a6b-9c0d1e2f3a4b",
    "position": 1,
    **_RULE,
    "conditions": {
        "text": "padaria",
        "text_match": "contains",
        "counterparty": None,
        "account_id": None,
        "amount_from": None,
        "amount_to": None,
        "direction": "OUT",
    },
    "actions": {"category_id": "11010000", "tags": ["café"], "ignored": None},
    "created_at": "2026-03-04T15:00:12Z",
    "updated_at": "2026-03-04T15:00:12Z",
}
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
TextMatch = Literal["contains", "starts_with", "equals"]


class RuleConditions(Input):
    """What must hold, all of it; at least one condition."""

    text: Annotated[Words | None, Field(description="Of the description, without regard to case and accents.")] = None
    text_match: Annotated[TextMatch, Field(description="How `text` is compared.")] = "contains"
    counterparty: Annotated[Words | None, Field(description="The counterparty's name holds this text.")] = None
    account_id: Annotated[UUID | None, Field(description="On this account.")] = None
    amount_from: Annotated[Amount | None, Field(description="Of this amount or more; negative is money out.")] = None
    amount_to: Annotated[Amount | None, Field(description="Of this amount or less.")] = None
    direction: Annotated[Literal["IN", "OUT"] | None, Field(description="Money in or money out.")] = None

    @model_validator(mode="after")
    def _is_a_condition(self) -> Self:
        given = self.model_dump(exclude={"text_match"}, exclude_none=True)
        if not given:
            raise ValueError("At least one condition is needed: this would match every transaction.")
        if self.amount_from is not None and self.amount_to is not None and self.amount_to < self.amount_from:
            raise ValueError("amount_to must not be less than amount_from.")
        return self


class RuleActions(Input):
    """What becomes of a transaction, as long as its owner has not decided it; at least one."""

    category_id: CategoryId | None = None
    tags: Tags | None = None
    ignored: Annotated[bool | None, Field(description="Leave it out of sums, or not.")] = None

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.category_id is None and not self.tags and self.ignored is None:
            raise ValueError("At least one action is needed.")
        return self


RuleName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Position = Annotated[int, Field(ge=1, le=100_000, description="Smaller comes first; the end of the list by default.")]


class CategoryRuleRequest(Input):
    """A rule for transactions to come."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RULE]})

    name: RuleName | None = None
    conditions: RuleConditions
    actions: RuleActions
    position: Position | None = None
    confirm_all: Annotated[bool, Field(description="Mean it even if it matches every transaction.")] = False


class CategoryRuleUpdate(Input):
    """What shall change; conditions and actions are replaced as a whole, what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Padarias", "position": 1}]})

    name: RuleName | None = None
    conditions: RuleConditions | None = None
    actions: RuleActions | None = None
    position: Position | None = None
    confirm_all: bool = False


class ConditionsRead(ApiModel):
    """What must hold; null is any."""

    text: str | None
    text_match: str | None
    counterparty: str | None
    account_id: UUID | None
    amount_from: MoneyText | None
    amount_to: MoneyText | None
    direction: str | None


class ActionsRead(ApiModel):
    """What becomes of a transaction; null leaves it alone."""

    category_id: str | None
    tags: list[str] | None
    ignored: bool | None


class CategoryRuleRead(ApiModel):
    """A rule. Of several that match, the first that names a category (or `ignored`) decides it; tags add up."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STORED]})

    id: UUID
    position: int
    name: str | None
    conditions: ConditionsRead
    actions: ActionsRead
    created_at: datetime
    updated_at: datetime


class RulePreviewRead(ApiModel):
    """What a rule finds among the transactions that are there."""

    total: Annotated[int, Field(description="Transactions of the caller.")]
    matched: Annotated[int, Field(description="Of those, how many the rule matches.")]
    recategorized: Annotated[int, Field(description="In how many it would change the category, other rules apart.")]
    newest: Annotated[list[TransactionRead], Field(description="The newest of those it matches, 20 at most.")]


class RuleApplicationRequest(Input):
    """Which rules; without a rule all of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    category_rule_id: Annotated[
        UUID | None, Field(description="Only where this rule matches, or matched before it was changed.")
    ] = None


class RuleApplicationRead(ApiModel):
    """The rules going over the past. `status`: `queued`, `running`, `succeeded`; an open enum."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01990b15-7c2d-7e1f-9a0b-1c2d3e4f5a6b",
                    "category_rule_id": None,
                    "status": "running",
                    "total": 20000,
                    "processed": 8000,
                    "changed": 312,
                    "created_at": "2026-03-04T15:00:12Z",
                    "finished_at": None,
                }
            ]
        }
    )

    id: UUID
    category_rule_id: UUID | None
    status: str
    total: Annotated[int | None, Field(description="Transactions to look at; null before it begins.")]
    processed: int
    changed: int
    created_at: datetime
    finished_at: datetime | None


class RuleSuggestion(ApiModel):
    """A rule that would have decided the same; nothing is applied unless it is made a rule."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rule": _RULE, "matched": 12}]})

    rule: Annotated[CategoryRuleRequest, Field(description="Send it to `category_rules/` as it is, or changed.")]
    matched: Annotated[int, Field(description="How many other transactions it would put into the category.")]


class RuleSuggestions(ApiModel):
    """At most one."""

    results: list[RuleSuggestion]
