"""Amounts: rounded in one place, written in one way."""

from decimal import ROUND_HALF_EVEN, Decimal

_PLACES = Decimal("0.0001")
_LIMIT = Decimal(10) ** 15


def to_money(value: Decimal) -> Decimal:
    """Return `value` with four decimals, half to even. Raises ValueError beyond what NUMERIC(19, 4) holds."""
    if not value.is_finite() or abs(value) >= _LIMIT:
        raise ValueError("amount out of range")
    return value.quantize(_PLACES, rounding=ROUND_HALF_EVEN)


def money_text(value: Decimal) -> str:
    """Return the decimal text of an amount with 2 to 4 decimals, as the API shows it."""
    text = f"{value:.4f}"
    if text.endswith("00"):
        return text[:-2]
    return text.removesuffix("0")
