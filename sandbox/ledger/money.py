"""Money: integers of ten-thousandths inside, exact decimals on the wire."""

from decimal import Decimal

from sandbox.ledger.models import Transaction

UNIT = 10_000  # one real
CENT = 100


def money(units: int) -> Decimal:
    """The exact amount, with two decimals, or with four when it has more than centavos."""
    return Decimal(units // CENT).scaleb(-2) if units % CENT == 0 else Decimal(units).scaleb(-4)


def units(amount: Decimal) -> int:
    """Ten-thousandths of an amount; refuses what does not fit into four decimals."""
    scaled = amount.scaleb(4)
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError("an amount has at most four decimals")
    return int(scaled)


def units_of(shape: Transaction) -> int:
    """The amount of a row in its account's currency."""
    foreign = shape.amount_in_account_currency
    return units(shape.amount if foreign is None else foreign)


def text(amount: int) -> str:
    """The amount as a string with four decimals."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), UNIT)
    return f"{sign}{whole}.{rest:04d}"


def share(amount: int, thousandths: int) -> int:
    """`thousandths` of an amount, down to the centavo."""
    return amount * thousandths // 1000 // CENT * CENT
