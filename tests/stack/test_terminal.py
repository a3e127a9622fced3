"""Brazilian numbers, and columns that stay straight whatever stands in them."""

from decimal import Decimal

import pytest

from sandbox.stack.terminal import day, money, shorten, table, width


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.56", "BRL", "R$ 1.234,56"),
        ("-1234567.8", "BRL", "-R$ 1.234.567,80"),
        ("1.2345", "BRL", "R$ 1,2345"),
        ("100", "USD", "US$ 100,00"),
        ("-0.1", "CHF", "-CHF 0,10"),
        (None, "BRL", "-"),
    ],
)
def test_money_is_written_as_in_brazil(amount: str | None, currency: str, text: str) -> None:
    assert money(None if amount is None else Decimal(amount), currency) == text


def test_days_are_written_as_in_brazil() -> None:
    assert day("2026-03-04") == "04/03/2026"


@pytest.mark.parametrize(("text", "columns"), [("Pão", 3), ("Pa\u0303o", 3), ("🍕", 2), ("日本", 4), ("❤\ufe0f", 1)])
def test_width_counts_terminal_columns(text: str, columns: int) -> None:
    assert width(text) == columns


def test_columns_are_straight_with_accents_and_emoji() -> None:
    text = table(("text", "amount"), [("Pão de Açúcar", "1"), ("Pizza 🍕🍕", "22"), ("Ifood", "333")], "<>")

    assert {width(line) for line in text.splitlines()[1:]} == {2 + 13 + 2 + 6}


def test_long_text_is_cut_to_its_columns() -> None:
    assert shorten("uma  linha\nsó", 20) == "uma linha só"
    assert shorten("🍕🍕🍕🍕", 6) == "🍕🍕…"
