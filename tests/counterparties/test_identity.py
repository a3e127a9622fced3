"""Whom a transaction was with, case by case."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.counterparties.identity import identity_of
from app.ids import new_id
from app.transactions.movements import Movement

CNPJ = "12.345.678/0001-95"
HASH = b"h" * 32


def movement(**given: Any) -> Movement:
    """A payment from a bank account that names nobody."""
    row = dict.fromkeys(Movement._fields) | {
        "id": new_id(), "account_id": new_id(), "is_card": False, "date": date(2026, 3, 4), "amount": Decimal(-10),
        "currency_code": "BRL", "status": "POSTED", "description": "TARIFA PACOTE", "card": {}, "merchant": {},
    }  # fmt: skip
    return Movement(**{**row, **given})


@pytest.mark.parametrize(
    ("given", "name", "normalized", "document_hash", "merchant_document"),
    [
        ({"document_hash": HASH, "counterparty_name": "João Ltda."}, "João Ltda.", "joao", HASH, None),
        ({"document_hash": HASH, "description": "Pix enviado"}, "Pix enviado", "pix enviado", HASH, None),
        (
            {"document_hash": HASH, "counterparty_name": "Ana", "merchant": {"cnpj": CNPJ, "name": "Loja"}},
            "Ana", "ana", HASH, None,
        ),
        ({"merchant": {"cnpj": CNPJ, "name": "Padaria S/A"}}, "Padaria S/A", "padaria", None, CNPJ),
        ({"merchant": {"cnpj": CNPJ, "business_name": "PADARIA EIRELI"}}, "PADARIA EIRELI", "padaria", None, CNPJ),
        ({"merchant": {"cnpj": CNPJ}, "description": "Padoca"}, "Padoca", "padoca", None, CNPJ),
        ({"counterparty_name": " Colégio Girassol "}, "Colégio Girassol", "colegio girassol", None, None),
        ({"merchant": {"name": "Uber"}, "counterparty_name": "Ana"}, "Ana", "ana", None, None),
        ({"description": "Compra no débito - Feira"}, "Feira", "feira", None, None),
        ({"description": "Feira", "operation_type": "CARTAO"}, "Feira", "feira", None, None),
        (
            {"is_card": True, "description": "LOJA XYZ (03/10)", "installment_number": 3},
            "LOJA XYZ", "loja xyz", None, None,
        ),
        (
            {"is_card": True, "description": "LOJA PARC 3/10", "card": {"merchant_category_code": 5411}},
            "LOJA", "loja", None, None,
        ),
    ],
)  # fmt: skip
def test_the_party_comes_before_the_merchant_and_the_merchant_before_the_text(
    given: dict[str, Any], name: str, normalized: str, document_hash: bytes | None, merchant_document: str | None
) -> None:
    assert identity_of(movement(**given)) == (name, normalized, document_hash, merchant_document)


@pytest.mark.parametrize(
    "given",
    [
        {},  # the bank's own fee
        {"amount": Decimal(10), "description": "Compra no débito - Feira"},  # what came in was bought by nobody
        {"is_card": True, "description": "ANUIDADE", "card": {"fee_type": "ANNUAL_FEE", "merchant_category_code": 1}},
        {"is_card": True, "description": "Pagamento", "operation_type": "PAGAMENTO_FATURA"},
        {"counterparty_name": "***"},
    ],
)
def test_nobody_is_made_up(given: dict[str, Any]) -> None:
    assert identity_of(movement(**given)) is None
