"""What the API shows of links between transactions."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas import ApiModel, MoneyText

_LINK: dict[str, Any] = {
    "id": "01990a5e-7c20-7d11-8a3e-2c6f5b1a2d11",
    "kind": "own_account_transfer",
    "status": "found",
    "transaction_id": "01990a5e-7a10-7b32-8c55-5e8f10a2b3c4",
    "other_transaction_id": "01990a5e-7a10-7b32-8c55-5e8f10a2b3c5",
    "amount": "750.00",
    "currency_code": "BRL",
    "evidence": {
        "days_apart": 0,
        "operation_types": ["PIX", "PIX"],
        "same_document": True,
        "same_account_number": False,
        "own_text": False,
    },
    "decided_at": None,
}


class TransferRead(ApiModel):
    """Two transactions that belong together, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINK]})

    id: UUID
    kind: Annotated[
        str,
        Field(
            description="`own_account_transfer` and `card_payment` only move the caller's own money; `refund`, `iof` "
            "and `duplicate` follow a purchase. An open enum."
        ),
    ]
    status: Annotated[
        str,
        Field(
            validation_alias="state",
            description="`found` beyond doubt, `suggested` for a person to decide, `confirmed` or `rejected` by one. "
            "Only found and confirmed ones count.",
        ),
    ]
    transaction_id: Annotated[UUID, Field(description="The outflow; the purchase, or the earlier of two alike.")]
    other_transaction_id: Annotated[
        UUID, Field(validation_alias="other_id", description="The inflow; the refund, the tax, the later of two alike.")
    ]
    amount: MoneyText
    currency_code: str
    evidence: Annotated[dict[str, Any], Field(description="What speaks for it; its members may grow.")]
    decided_at: dt.datetime | None
