"""What the API shows of transactions."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from app.freshness import Freshness
from app.schemas import ApiModel, Input, MoneyText
from app.transactions.filters import CategoryId, TransactionFilter
from app.transactions.payment import PaymentRead

_LINE: dict[str, Any] = {
    "id": "01990a61-22c8-7d05-b1a4-6f0e7c9d3b12",
    "pluggy_id": "6ec156fe-e8ac-4d9a-a4b3-7770529ab01c",
    "account_id": "01990a5e-6f4b-7c11-9d3e-0c6f5b1a2d77",
    "date": "2026-03-04",
    "occurred_at": "2026-03-04T14:22:10Z",
    "amount": "-123.90",
    "currency_code": "BRL",
    "original_amount": None,
    "original_currency_code": None,
    "direction": "OUT",
    "status": "POSTED",
    "description": "PIX ENVIADO PADARIA PÃO NOSSO",
    "category": {"id": "05070000", "name": "Transfer - PIX", "name_pt": "Transferência - PIX"},
    "category_source": "pluggy",
    "counterparty_name": "Padaria Pão Nosso Ltda",
    "installment": None,
    "note": None,
    "tags": [],
    "ignored": False,
    "internal_kind": None,
    "counterparty_id": "01990a61-0f2b-7c45-8e6a-5d4c3b2a1908",
}


class CategoryRead(ApiModel):
    """A category. Eight digits are an id of Pluggy's, two digits a level; a UUID is one of the owner's own."""

    id: str
    name: Annotated[str, Field(description="In English; as the owner wrote it, where it is an own one.")]
    name_pt: Annotated[str, Field(description="In Portuguese; likewise.")]


class InstallmentRead(ApiModel):
    """Which part of a purchase this is; `total` is null where the bank does not say."""

    number: int
    total: int | None


class TransactionRead(ApiModel):
    """One movement of an account. `id` is ours and stays; Pluggy's changes when the bank restates a row."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINE]})

    id: UUID
    pluggy_id: UUID
    account_id: UUID
    date: Annotated[date, Field(description="The bank's calendar day.")]
    occurred_at: Annotated[datetime | None, Field(description="The exact moment, where the bank tells it.")]
    amount: Annotated[MoneyText, Field(description="In the account's currency; negative is money out, on cards too.")]
    currency_code: str
    original_amount: Annotated[MoneyText | None, Field(description="What was paid, where in another currency.")]
    original_currency_code: str | None
    direction: Annotated[str, Field(description="`IN` or `OUT`.")]
    status: Annotated[str, Field(description="`POSTED` or `PENDING`; an open enum.")]
    description: str
    category: CategoryRead | None
    category_source: Annotated[
        str | None,
        Field(
            description="Who chose the category: `user`, a `rule` of the owner's, `pluggy`, or where Pluggy has none "
            "`built_in`. Of several the first in this order counts. An open enum."
        ),
    ]
    counterparty_name: str | None
    installment: InstallmentRead | None
    note: str | None
    tags: list[str]
    ignored: Annotated[bool, Field(description="Left out of sums by its owner.")]
    internal_kind: Annotated[
        str | None,
        Field(
            description="Set on money that stays the owner's: `own_account_transfer`, `card_payment`; an open enum. "
            "Sums leave it out."
        ),
    ]
    counterparty_id: Annotated[UUID | None, Field(description="Whom it went to or came from, where that is known.")]


class CardRead(ApiModel):
    """What a card's transaction says of its purchase."""

    total_amount: Annotated[str | None, Field(description="Of all instalments.")] = None
    purchase_date: date | None = None
    purchased_at: Annotated[datetime | None, Field(description="The moment of the purchase, where told.")] = None
    merchant_category_code: str | None = None
    last_digits: str | None = None
    bill_forecast_month: Annotated[str | None, Field(description="`YYYY-MM`, where the bill is still open.")] = None
    payment_type: str | None = None
    fee_type: str | None = None
    other_credits_type: str | None = None


class MerchantRead(ApiModel):
    """The shop."""

    name: str | None = None
    business_name: str | None = None
    cnpj: Annotated[str | None, Field(description="All but its last four digits hidden without `pii:read`.")] = None
    cnae: str | None = None
    category: str | None = None


class TransactionDetailRead(TransactionRead):
    """One movement with all that is known of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_LINE,
                    "connection_id": "01990a5e-5a10-7e02-8f7c-3b9d0e4c1a55",
                    "description_raw": "PIX ENVIADO 04/03 PADARIA PAO NOSSO",
                    "operation_type": "PIX",
                    "running_balance": "1520.35",
                    "bill_pluggy_id": None,
                    "card": None,
                    "merchant": None,
                    "payment": {
                        "method": "PIX",
                        "reason": None,
                        "reference_number": None,
                        "receiver_reference_id": None,
                        "authentication_code": None,
                        "payer": None,
                        "receiver": {
                            "name": "Padaria Pão Nosso Ltda",
                            "document_type": "CNPJ",
                            "document": "••••••••0199",
                            "branch_number": "0001",
                            "account_number": "••••21-3",
                            "routing_number": "341",
                            "ispb": "60701190",
                        },
                        "boleto": None,
                    },
                    "created_at": "2026-03-04T15:00:12Z",
                    "updated_at": "2026-03-04T15:00:12Z",
                    "freshness": {
                        "as_of": "2026-03-04T15:00:13Z",
                        "next_expected_at": "2026-03-05T02:20:00Z",
                        "is_stale": False,
                        "warnings": [],
                    },
                }
            ]
        }
    )

    connection_id: UUID
    description_raw: Annotated[str | None, Field(description="As the bank wrote it.")]
    operation_type: Annotated[str | None, Field(description="`PIX`, `TED`, `BOLETO`, …; an open enum.")]
    running_balance: Annotated[MoneyText | None, Field(description="Of the account, after this, where told.")]
    bill_pluggy_id: Annotated[UUID | None, Field(description="Pluggy's id of the card bill this is on.")]
    card: CardRead | None
    merchant: MerchantRead | None
    payment: PaymentRead | None
    created_at: Annotated[datetime, Field(description="When we first saw it.")]
    updated_at: datetime
    freshness: Freshness


Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
Tags = Annotated[list[Tag], Field(max_length=20), AfterValidator(lambda tags: list(dict.fromkeys(tags)))]


class TransactionUpdate(Input):
    """What an owner decides about a transaction; no sync and no rule ever undoes it. Absent fields stay as they are.

    Null takes a decision back: rules, Pluggy and the built-in classifier count again.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"category_id": "11010000", "note": "almoço", "tags": ["trabalho"]}]}
    )

    category_id: CategoryId | None = None
    note: Annotated[str | None, Field(max_length=2000)] = None
    tags: Tags | None = None
    ignored: Annotated[bool | None, Field(description="Leave it out of sums.")] = None


class CategoryReason(ApiModel):
    """One party's word on the category. `source` is an open enum; `counts` is true for the first that has one."""

    source: str
    category: CategoryRead
    counts: bool
    category_rule_id: Annotated[UUID | None, Field(description="Of the source `rule`.")] = None
    rule_name: str | None = None
    sign: Annotated[
        str | None,
        Field(description="Of `built_in`, what spoke for it: `merchant_code`, `text`, `operation_type`; an open enum."),
    ] = None
    evidence: Annotated[str | None, Field(description="Of `built_in`: the code, the word or the kind itself.")] = None


class CategoryExplanation(ApiModel):
    """Why a transaction is in its category: all that speaks for one, in the order in which it counts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "category": {
                        "id": "11010000",
                        "name": "Eating out",
                        "name_pt": "Restaurantes, bares e lanchonetes",
                    },
                    "category_source": "rule",
                    "reasons": [
                        {
                            "source": "rule",
                            "category": {"id": "10000000", "name": "Groceries", "name_pt": "Supermercado"},
                            "counts": True,
                            "category_rule_id": "01990b14-0d3e-7f21-8a6b-9c0d1e2f3a4b",
                            "rule_name": "Padaria",
                            "sign": None,
                            "evidence": None,
                        }
                    ],
                    "matching_rule_ids": ["01990b14-0d3e-7f21-8a6b-9c0d1e2f3a4b"],
                }
            ]
        }
    )

    category: CategoryRead | None
    category_source: str | None
    reasons: list[CategoryReason]
    matching_rule_ids: Annotated[
        list[UUID], Field(description="The rules that matched when they were last applied, in their order.")
    ]


class BulkFilter(TransactionFilter):
    """The filter of the list, with at least one condition."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"q": "padaria", "direction": "OUT"}]})

    @model_validator(mode="after")
    def _has_a_condition(self) -> "BulkFilter":
        if not self.model_dump(exclude_none=True):
            raise ValueError("At least one condition is needed: this would take every transaction.")
        return self


class BulkCategorization(Input):
    """Which transactions, by their ids or by a filter, and into which category; null takes the decision back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"filter": {"q": "padaria", "direction": "OUT"}, "category_id": "11010000", "dry_run": True},
                {"ids": ["01990a61-22c8-7d05-b1a4-6f0e7c9d3b12"], "category_id": "11010000"},
            ]
        }
    )

    ids: Annotated[list[UUID] | None, Field(min_length=1, max_length=10_000)] = None
    filter: BulkFilter | None = None
    category_id: CategoryId | None
    dry_run: Annotated[bool, Field(description="Only count.")] = False

    @model_validator(mode="after")
    def _names_its_rows_in_one_way(self) -> "BulkCategorization":
        if (self.ids is None) == (self.filter is None):
            raise ValueError("Give either ids or filter.")
        return self


class BulkCategorizationRead(ApiModel):
    """What was done, or in a dry run would be."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"matched": 42, "changed": 40, "recategorized": 37, "dry_run": False}]}
    )

    matched: Annotated[int, Field(description="How many transactions were meant.")]
    changed: Annotated[int, Field(description="In how many the owner's decision became another.")]
    recategorized: Annotated[
        int,
        Field(
            description="Of those, in how many the category became another; a dry run that takes decisions back tells "
            "how many at most."
        ),
    ]
    dry_run: bool


class RemovedRead(ApiModel):
    """A transaction that is no longer there."""

    id: UUID
    account_id: UUID


class ChangesRead(ApiModel):
    """What happened since the cursor. Take `added` and `modified` alike: insert the row, or replace it by its id."""

    added: list[TransactionRead]
    modified: list[TransactionRead]
    removed: list[RemovedRead]
    next_cursor: Annotated[str | None, Field(description="For the next call, now or later; null before any change.")]
    has_more: Annotated[bool, Field(description="Whether more is waiting now.")]


class FieldChange(ApiModel):
    """One field before and after. `field` is a path into the transaction, such as `amount` or `category.id`."""

    field: str
    before: str | int | bool | list[str] | None
    after: str | int | bool | list[str] | None


class RunRevisionRead(ApiModel):
    """What one sync run changed in one transaction. `kind`: `modified`, `restated`, `removed`; an open enum."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "019414c0-6a11-7d02-8b5f-0c9d8e7f6a54",
                    "transaction_id": "019414b9-77aa-7e31-9c40-1b2a3d4e5f60",
                    "kind": "modified",
                    "changes": [{"field": "status", "before": "PENDING", "after": "POSTED"}],
                }
            ]
        }
    )

    id: UUID
    transaction_id: UUID
    kind: str
    changes: list[FieldChange]


class RevisionRead(ApiModel):
    """What one sync run, or its owner, changed in a transaction. `kind` is an open enum: `modified`, …"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01990c02-7b11-7a90-8e5d-21f3c4b5a697",
                    "kind": "modified",
                    "run_id": "01990c02-5d6e-7f33-a1b2-c3d4e5f60718",
                    "changes": [{"field": "status", "before": "PENDING", "after": "POSTED"}],
                    "created_at": "2026-03-05T02:21:40Z",
                }
            ]
        }
    )

    id: UUID
    kind: str
    run_id: Annotated[UUID | None, Field(description="The sync run that read it; null for a change of the owner's.")]
    changes: list[FieldChange]
    created_at: datetime
