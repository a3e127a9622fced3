"""Independent checks of bank slips, written from the FEBRABAN layouts."""


def digits_of(text: str) -> str:
    """A document without dots, dashes and slashes."""
    return "".join(character for character in text if character.isalnum())


def _luhn_like(digits: str) -> int:
    total = 0
    for place, digit in enumerate(digits[::-1]):
        product = int(digit) * (2 if place % 2 == 0 else 1)
        total += sum(map(int, str(product)))
    return (10 - total % 10) % 10


def check_bank_slip(line: str, barcode: str) -> None:
    """Each field's digit, the general digit, and that line and barcode say the same."""
    assert len(line) == 47
    assert len(barcode) == 44
    for field in (line[:10], line[10:21], line[21:32]):
        assert _luhn_like(field[:-1]) == int(field[-1])
    rebuilt = line[:4] + line[32] + line[33:47] + line[4:9] + line[10:20] + line[21:31]
    assert rebuilt == barcode
    weights = [2, 3, 4, 5, 6, 7, 8, 9] * 6
    rest = sum(int(digit) * weight for digit, weight in zip(reversed(barcode[:4] + barcode[5:]), weights, strict=False))
    expected = 11 - rest % 11
    assert int(barcode[4]) == (1 if expected in (0, 10, 11) else expected)


def check_utility_slip(line: str, barcode: str) -> None:
    """Each block's digit, the general digit, and that line and barcode say the same."""
    assert len(line) == 48
    blocks = [line[start : start + 12] for start in range(0, 48, 12)]
    assert all(_luhn_like(block[:-1]) == int(block[-1]) for block in blocks)
    assert "".join(block[:-1] for block in blocks) == barcode
    assert _luhn_like(barcode[:3] + barcode[4:]) == int(barcode[3])
