"""Amounts: rounded in one place, written in one way."""

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

_PLACES = Decimal("0.0001")
_round = Context(prec=19, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation]).quantize  # fails beyond 19 digits
_QUANTITY_PLACES = Decimal("0.0000000001")
_QUANTITY_LIMIT = Decimal(10) ** 18


def to_money(value: Decimal) -> Decimal:
    """Return `value` with four decimals, half to even. Raises ValueError beyond what NUMERIC(19, 4) holds."""
    try:
        rounded = _round(value, _PLACES)
    except InvalidOperation:
        raise ValueError("amount out of range") from None
    if rounded.is_nan():
        raise ValueError("amount out of range")
    return rounded


def money_text(value: Decimal) -> str:
    """Return the decimal text of an amount with 2 to 4 decimals, as the API shows it."""
    text = f"{value:.4f}"
    if text.endswith("00"):
        return text[:-2]
    return text.removesuffix("0")


def money_or_none(value: Decimal | None) -> Decimal | None:
    """Return `to_money` of an amount that may be unknown."""
    return None if value is None else to_money(value)


def money_text_or_none(value: Decimal | None) -> str | None:
    """Return the text of `to_money` of an amount that may be unknown."""
    return None if value is None else money_text(to_money(value))


def to_quantity(value: Decimal) -> Decimal:
    """Return a quantity, unit price or rate with ten decimals. Raises ValueError beyond what NUMERIC(28, 10) holds."""
    if not value.is_finite() or abs(value) >= _QUANTITY_LIMIT:
        raise ValueError("quantity out of range")
    return value.quantize(_QUANTITY_PLACES, rounding=ROUND_HALF_EVEN)


def number_text(value: Decimal | None) -> str | None:
    """Return the decimal text of a quantity or rate: as many decimals as it has, no exponent."""
    return None if value is None else f"{value.normalize():f}"
