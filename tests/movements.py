"""Movements for tests of what is derived from them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from app.transactions.movements import Movement

BANK, OTHER_BANK, CARD = (UUID(int=number) for number in (1, 2, 3))


def movement(amount: str, day: date, description: str = "PADARIA PÃO NOSSO", **given: Any) -> Movement:
    """A row of the account BANK, or of the one given; on CARD it is a card's."""
    account_id = given.pop("account_id", BANK)
    fields: dict[str, Any] = {
        "id": uuid4(),
        "account_id": account_id,
        "is_card": account_id == CARD,
        "date": day,
        "occurred_at": None,
        "amount": Decimal(amount),
        "currency_code": "BRL",
        "original_currency_code": None,
        "status": "POSTED",
        "description": description,
        "operation_type": None,
        "category_id": None,
        "counterparty_name": None,
        "document_hash": None,
        "counterparty_id": None,
        "installment_number": None,
        "total_installments": None,
        "card": {},
        "merchant": {},
    }
    return Movement(**{**fields, **given})
