"""The built-in classifier. Pure."""

import pytest

from app.categories.built_in import NAMES
from app.categories.classifier import _MERCHANT_CODES, _OPERATIONS, _WORDS, Verdict, classify, text_to_classify


@pytest.mark.parametrize(
    ("merchant_code", "text", "operation_type", "verdict"),
    [
        ("5411", "UBER", None, Verdict("10000000", "merchant_code", "5411")),
        ("0000", "UBER *TRIP", None, Verdict("19010000", "text", "uber")),
        (None, "Uber Eats pedido", None, Verdict("11020000", "text", "uber eats")),
        (None, "MERCADOLIVRE*LOJA", None, Verdict("08010000", "text", "mercadolivre")),
        (None, "Supermercado São João", "PIX", Verdict("10000000", "text", "supermercado")),
        (None, "Pagamento de fatura", "PAGAMENTO_FATURA", Verdict("05100000", "text", "pagamento de fatura")),
        (None, "IOF s/ operações de crédito", None, Verdict("15030000", "text", "iof")),
        (None, "FARMÁCIA CENTRAL", None, Verdict("18020000", "text", "farmacia")),
        (None, "Maria Silva", "PIX", Verdict("05070000", "operation_type", "PIX")),
        (None, "Maria Silva", "OUTROS", None),
        (None, "BIOFARMA", None, None),
        ("not a code", "", None, None),
    ],
)
def test_the_most_telling_sign_decides(
    merchant_code: str | None, text: str, operation_type: str | None, verdict: Verdict | None
) -> None:
    assert classify(merchant_code, text, operation_type) == verdict


@pytest.mark.parametrize(
    ("description", "merchant", "text"),
    [
        ("COMPRA 4321 PADARIA 30/06", None, "COMPRA 0 PADARIA 0/0 "),
        ("99app *corrida 1234567", "99", "99app *corrida 0 99"),
        ("PEDIDO 199", "LOJA 990", "PEDIDO 0 LOJA 0"),
    ],
)
def test_purchases_that_differ_in_their_numbers_are_looked_at_once(
    description: str, merchant: str | None, text: str
) -> None:
    assert text_to_classify(description, merchant) == text


def test_every_category_it_gives_has_names() -> None:
    given = {each for _, _, each in _MERCHANT_CODES} | {each for each, _ in _WORDS} | set(_OPERATIONS.values())

    assert given <= set(NAMES)
