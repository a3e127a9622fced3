"""What the API accepts and shows of accounts."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool, StringConstraints, WithJsonSchema, model_validator

from app.freshness import Freshness
from app.schemas import ApiModel, Input, MoneyText

_CHECKING: dict[str, Any] = {
    "id": "01990a5e-6f4b-7c11-9d3e-0c6f5b1a2d77",
    "pluggy_id": "a658c848-e475-457b-8565-d1fffba127c4",
    "connection_id": "01990a5e-5a10-7e02-8f7c-3b9d0e4c1a55",
    "institution_name": "Banco do Brasil",
    "type": "BANK",
    "subtype": "CHECKING_ACCOUNT",
    "name": "Conta Corrente",
    "alias": "Conta da casa",
    "number": "•••••678-9",
    "currency_code": "BRL",
    "balance": "1520.35",
    "balance_at": "2026-03-04T11:02:41Z",
    "hidden": False,
    "freshness": {
        "as_of": "2026-03-04T11:03:02Z",
        "next_expected_at": "2026-03-04T22:20:00Z",
        "is_stale": False,
        "warnings": [],
    },
}
_WHOLE: dict[str, Any] = {
    **_CHECKING,
    "marketing_name": "Conta Fácil",
    "details": {"overdraft_contracted_limit": "2000.00", "overdraft_used_limit": "0.00"},
}

Text = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{2,4}$", "examples": ["5000.00"]})]
"""Money that is stored as its text."""


def _without_default(schema: dict[str, Any]) -> None:
    """Left out means unchanged, not the default."""
    schema.pop("default", None)


class AccountRead(ApiModel):
    """An account or card. `type` (BANK, CREDIT) and `subtype` are Pluggy's words, and open enums."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHECKING]})

    id: UUID
    pluggy_id: UUID
    connection_id: UUID
    institution_name: str
    type: str
    subtype: str | None
    name: str
    alias: Annotated[str | None, Field(description="The name its owner gave it.")]
    number: Annotated[str | None, Field(description="All but the last four characters hidden.")]
    currency_code: str
    balance: Annotated[MoneyText | None, Field(description="On a card negative when money is owed.")]
    balance_at: datetime | None
    hidden: Annotated[bool, Field(description="Put aside by its owner; its transactions are listed all the same.")]
    freshness: Freshness


class AccountDetails(ApiModel):
    """Limits and days; null is unknown, or of the other type of account."""

    closing_balance: Text | None = None
    automatically_invested_balance: Text | None = None
    overdraft_contracted_limit: Text | None = None
    overdraft_used_limit: Text | None = None
    unarranged_overdraft_amount: Text | None = None
    brand: str | None = None
    level: str | None = None
    status: str | None = None
    holder_type: str | None = None
    credit_limit: Text | None = None
    available_credit_limit: Text | None = None
    minimum_payment: Text | None = None
    is_limit_flexible: bool | None = None
    balance_close_date: date | None = None
    balance_due_date: date | None = None


class AccountDetailRead(AccountRead):
    """One account with its limits. `number` is whole for callers with `pii:read`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WHOLE]})

    marketing_name: str | None
    details: AccountDetails


class AccountUpdate(Input):
    """What the owner decides; a field that is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"alias": "Conta da casa", "hidden": False}]})

    alias: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None,
        Field(description="Null takes the name away."),
    ] = None
    hidden: Annotated[StrictBool, Field(json_schema_extra=_without_default)] = False

    @model_validator(mode="after")
    def _has_a_field(self) -> "AccountUpdate":
        if not self.model_fields_set:
            raise ValueError("At least one field is needed.")
        return self


class CurrencySumRead(ApiModel):
    """The accounts in one currency together."""

    currency_code: str
    net: Annotated[MoneyText, Field(description="`assets` and `debts` together.")]
    assets: Annotated[MoneyText, Field(description="Of the accounts above zero.")]
    debts: Annotated[MoneyText, Field(description="Of those below zero, and so negative: overdrafts, and cards owed.")]
    accounts: Annotated[int, Field(description="How many accounts there are.")]
    without_balance: Annotated[int, Field(description="Of those, how many tell no balance and are in no sum.")]
    oldest_balance_at: Annotated[datetime | None, Field(description="From when the oldest balance in it is.")]


class AccountsSummaryRead(ApiModel):
    """The net position. Currencies are never added together; hidden accounts are left out unless asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "currencies": [
                        {
                            "currency_code": "BRL",
                            "net": "1180.15",
                            "assets": "1520.35",
                            "debts": "-340.20",
                            "accounts": 2,
                            "without_balance": 0,
                            "oldest_balance_at": "2026-03-04T11:02:41Z",
                        }
                    ]
                }
            ]
        }
    )

    currencies: Annotated[list[CurrencySumRead], Field(description="By code; empty without accounts.")]
