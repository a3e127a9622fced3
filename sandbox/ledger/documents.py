"""Brazilian numbers with right check digits: CPF, CNPJ (numeric and alphanumeric), boletos."""

from collections.abc import Iterable
from datetime import date

from sandbox.ledger.draws import Draws

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BILL_EPOCH = date(1997, 10, 7)
_BILL_RESTART = date(2025, 2, 22)  # the 4-digit due factor ran out the day before and began again at 1000


def _mod11(values: Iterable[int], weights: Iterable[int]) -> int:
    rest = sum(value * weight for value, weight in zip(values, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest


def complete_cpf(base: str) -> str:
    """Nine digits with their two check digits."""
    digits = [int(character) for character in base]
    digits.append(_mod11(digits, range(10, 1, -1)))
    digits.append(_mod11(digits, range(11, 1, -1)))
    return "".join(map(str, digits))


def complete_cnpj(base: str) -> str:
    """Twelve characters with their two check digits; letters count as their code minus 48 (rule of July 2026)."""
    values = [ord(character) - 48 for character in base]
    first = _mod11(values, (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))
    second = _mod11([*values, first], (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))
    return f"{base}{first}{second}"


def is_cpf(text: str) -> bool:
    """Whether 11 plain digits are a CPF."""
    return len(text) == 11 and text.isdecimal() and len(set(text)) > 1 and complete_cpf(text[:9]) == text


def is_cnpj(text: str) -> bool:
    """Whether 14 plain characters are a CNPJ, in the old or the alphanumeric form."""
    plain = len(text) == 14 and text[12:].isdecimal() and all(character in _ALPHANUMERIC for character in text[:12])
    return plain and len(set(text)) > 1 and complete_cnpj(text[:12]) == text


def make_cpf(draws: Draws) -> str:
    """A valid CPF of nobody in particular."""
    return complete_cpf(draws.digits(9))


def make_cnpj(draws: Draws, *, alphanumeric: bool = False) -> str:
    """A valid CNPJ of a head office."""
    root = "".join(draws.pick(_ALPHANUMERIC) for _ in range(8)) if alphanumeric else draws.digits(8)
    return complete_cnpj(f"{root}0001")


def dotted(document: str) -> str:
    """A CPF or CNPJ as people write it."""
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    return f"{document[:2]}.{document[2:5]}.{document[5:8]}/{document[8:12]}-{document[12:]}"


def mod10(digits: str) -> int:
    """The check digit of one field of a digitable line."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (2 - place % 2)
        total += value // 10 + value % 10
    return -total % 10


def _bill_mod11(digits: str) -> int:
    weights = [2 + place % 8 for place in range(len(digits))]
    rest = sum(int(digit) * weight for digit, weight in zip(reversed(digits), weights, strict=True)) % 11
    return 11 - rest if rest > 1 and rest != 10 else 1


def bank_slip(draws: Draws, bank: str, due: date, cents: int) -> tuple[str, str]:
    """`(digitable line of 47 digits, barcode of 44)` of a bank slip in reais."""
    # before the factor existed, and beyond ten digits of centavos, a slip says neither
    factor = max(0, (due - _BILL_EPOCH).days) if due < _BILL_RESTART else (due - _BILL_RESTART).days % 9000 + 1000
    amount, free = f"{cents % 10**10:010d}", draws.digits(25)
    check = _bill_mod11(f"{bank}9{factor:04d}{amount}{free}")
    fields = (f"{bank}9{free[:5]}", free[5:15], free[15:25])
    line = "".join(f"{field}{mod10(field)}" for field in fields) + f"{check}{factor:04d}{amount}"
    return line, f"{bank}9{check}{factor:04d}{amount}{free}"


def utility_slip(draws: Draws, segment: int, cents: int) -> tuple[str, str]:
    """`(digitable line of 48 digits, barcode of 44)` of a utility or tax collection form."""
    amount, free = f"{cents % 10**11:011d}", draws.digits(29)
    check = mod10(f"8{segment}6{amount}{free}")
    barcode = f"8{segment}6{check}{amount}{free}"
    blocks = (barcode[start : start + 11] for start in range(0, 44, 11))
    return "".join(f"{block}{mod10(block)}" for block in blocks), barcode
