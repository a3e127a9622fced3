"""The built-in classifier. Pure."""

import pytest

from app.categories.built_in import NAMES
from app.categories.classifier import _MERCHANT_CODES, _OPERATIONS, _WORDS, Verdict, _of_words, classify


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


def test_purchases_that_differ_in_their_numbers_are_looked_at_once() -> None:
    classify.cache_clear()
    _of_words.cache_clear()

    verdicts = {classify(None, f"COMPRA {number} PADARIA {number % 28}/06", None) for number in range(50)}

    assert verdicts == {Verdict("11010000", "text", "padaria")}
    assert _of_words.cache_info().misses == 1


@pytest.mark.parametrize("text", ["99app *corrida 1234", "99 POP 4321", "viagem 99"])
def test_a_number_that_is_a_name_stays_one(text: str) -> None:
    assert (classify(None, text, None) is not None) == (text != "viagem 99")


def test_every_category_it_gives_has_names() -> None:
    given = {each for _, _, each in _MERCHANT_CODES} | {each for each, _ in _WORDS} | set(_OPERATIONS.values())

    assert given <= set(NAMES)
