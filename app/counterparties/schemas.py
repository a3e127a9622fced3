"""What the API shows of counterparties."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas import ApiModel, MoneyText

_COUNTERPARTY: dict[str, Any] = {
    "id": "01990a5e-7d30-7a12-8b44-1c2d3e4f5a6b",
    "name": "Colégio Girassol Educação",
    "document_type": "CNPJ",
    "document": "••••••••••0123",
}


class CounterpartyRead(ApiModel):
    """A person or company on the other side of transactions."""

    model_config = ConfigDict(json_schema_extra={"examples": [_COUNTERPARTY]})

    id: UUID
    name: Annotated[str, Field(description="As the bank wrote it first.")]
    document_type: Annotated[
        str | None, Field(description="`CPF` or `CNPJ`, its check digits valid; an open enum. Null without a document.")
    ]
    document: Annotated[
        str | None, Field(description="All but its last four characters hidden without `pii:read`.")
    ] = None


class CounterpartyTotal(ApiModel):
    """What went to and came from a counterparty in one currency."""

    currency_code: str
    transactions: int
    first_date: dt.date
    last_date: dt.date
    paid: Annotated[MoneyText, Field(description="Negative: it is money out.")]
    received: MoneyText


class CounterpartyDetailRead(CounterpartyRead):
    """A counterparty with all that went to and came from it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_COUNTERPARTY,
                    "totals": [
                        {
                            "currency_code": "BRL",
                            "transactions": 24,
                            "first_date": "2024-11-06",
                            "last_date": "2026-10-06",
                            "paid": "-40320.00",
                            "received": "0.00",
                        }
                    ],
                }
            ]
        }
    )

    totals: Annotated[list[CounterpartyTotal], Field(description="One a currency: currencies are never summed up.")]
