"""What the API shows of balances."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.balances.flow import LiveBalance
from app.freshness import FreshnessWarning
from app.schemas import ApiModel, MoneyText

_DAY: dict[str, Any] = {
    "date": "2026-03-04",
    "balance": "1520.35",
    "currency_code": "BRL",
    "as_of": "2026-03-04T11:02:41Z",
}
_LIVE: dict[str, Any] = {
    "account_id": "01990a5e-6f4b-7c11-9d3e-0c6f5b1a2d77",
    "balance": "1498.12",
    "currency_code": "BRL",
    "as_of": "2026-03-04T14:41:09Z",
    "blocked_balance": "0.00",
    "automatically_invested_balance": None,
    "closing_balance": "1498.12",
    "warnings": [],
}
QUOTA = "423"
"""Pluggy's code for a monthly quota of Open Finance that is used up."""


class BalanceRead(ApiModel):
    """The balance of a day; on a card negative when money is owed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DAY]})

    date: Annotated[dt.date, Field(validation_alias="day")]
    balance: MoneyText
    currency_code: str
    as_of: Annotated[dt.datetime, Field(description="When the bank was visited; the day's last visit counts.")]


class LiveBalanceRead(ApiModel):
    """The balance as the bank tells it now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LIVE]})

    account_id: UUID
    balance: MoneyText
    currency_code: str
    as_of: dt.datetime
    blocked_balance: MoneyText | None
    automatically_invested_balance: MoneyText | None
    closing_balance: Annotated[MoneyText | None, Field(description="The balance and what is blocked.")]
    warnings: Annotated[
        list[FreshnessWarning], Field(description="Products whose monthly quota at this bank is used up (code 423).")
    ]


def shown(live: LiveBalance, warnings: list[FreshnessWarning]) -> LiveBalanceRead:
    """Return what a client sees of a live balance."""
    fields = live._asdict()
    quotas = [warning for warning in warnings if warning.code == QUOTA]
    return LiveBalanceRead(account_id=live.account.id, **{n: fields[n] for n in _COPIED}, warnings=quotas)


_COPIED = (
    "balance",
    "currency_code",
    "as_of",
    "blocked_balance",
    "automatically_invested_balance",
    "closing_balance",
)
