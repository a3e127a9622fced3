"""What the API shows of bills."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.accounts.schemas import Text
from app.bills.models import Bill
from app.bills.status import remaining_of, status_of
from app.schemas import ApiModel, MoneyText

_BILL: dict[str, Any] = {
    "id": "01990a5e-7a10-7b32-8c55-5e8f10a2b3c4",
    "pluggy_id": "0d5c9f6e-1f1c-4b8e-9a3e-3a0e0c0f1a11",
    "account_id": "01990a5e-6f4b-7c11-9d3e-0c6f5b1a2d77",
    "status": "partly_paid",
    "due_date": "2026-03-10",
    "closing_date": "2026-03-03",
    "total_amount": "1834.90",
    "paid_amount": "500.00",
    "remaining_amount": "1334.90",
    "minimum_payment": "275.24",
    "currency_code": "BRL",
    "allows_installments": True,
    "finance_charges": [{"type": "IOF", "amount": "1.27", "currency_code": "BRL", "additional_info": None}],
    "payments": [
        {
            "date": "2026-03-06",
            "amount": "500.00",
            "currency_code": "BRL",
            "value_type": "OTHER_PAYMENT",
            "mode": "PIX",
        }
    ],
    "unlisted_at": None,
}


class FinanceChargeRead(ApiModel):
    """A charge on the bill. `type` is an open enum: LATE_PAYMENT_FEE, LATE_PAYMENT_INTEREST, IOF, …"""

    type: str | None
    amount: Text | None
    currency_code: str | None
    additional_info: str | None


class BillPaymentRead(ApiModel):
    """A payment towards the bill. `value_type` and `mode` (PIX, BANK_SLIP, …) are open enums."""

    date: dt.date | None
    amount: Text | None
    currency_code: str | None
    value_type: str | None
    mode: str | None


class BillRead(ApiModel):
    """A card's bill. What is owed is a positive amount here, unlike the card's balance."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BILL]})

    id: UUID
    pluggy_id: UUID
    account_id: UUID
    status: Annotated[
        str,
        Field(
            description="`open` until it closes, then `closed`, `partly_paid`, `paid` or `overdue`; an open enum. A "
            "bill whose minimum was paid is `partly_paid` after its due day as well."
        ),
    ]
    due_date: dt.date
    closing_date: Annotated[dt.date | None, Field(description="Null when the bank doesn't tell it.")]
    total_amount: MoneyText | None
    paid_amount: Annotated[MoneyText | None, Field(description="Null when the bank doesn't tell of payments.")]
    remaining_amount: MoneyText | None
    minimum_payment: MoneyText | None
    currency_code: str
    allows_installments: bool | None
    finance_charges: list[FinanceChargeRead]
    payments: list[BillPaymentRead]
    unlisted_at: Annotated[dt.datetime | None, Field(description="Since when the bank no longer lists it.")]


def shown(bill: Bill, today: dt.date) -> BillRead:
    """Return what a client sees of a bill on a day."""
    columns = {name: getattr(bill, name) for name in BillRead.model_fields if hasattr(bill, name)}
    return BillRead.model_validate(
        {**columns, "status": status_of(bill, today), "remaining_amount": remaining_of(bill)}
    )
