"""What a terminal shows: tables with Brazilian numbers, and a line that changes."""

import sys
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

SYMBOLS: Final = {"BRL": "R$", "USD": "US$", "EUR": "€"}


def money(amount: Decimal | None, currency: str = "BRL") -> str:
    """`R$ 1.234,56`, `-R$ 12,00`; more decimals only when the amount has them. A dash when there is no amount."""
    if amount is None:
        return "-"
    decimals = max(2, -int(amount.normalize().as_tuple().exponent))
    swapped = f"{abs(amount):,.{decimals}f}".translate(str.maketrans(",.", ".,"))
    return f"{'-' if amount < 0 else ''}{SYMBOLS.get(currency, currency)} {swapped}"


def day(text: str) -> str:
    """`2026-03-04` as `04/03/2026`."""
    return date.fromisoformat(text).strftime("%d/%m/%Y")


def width(text: str) -> int:
    """How many columns of a terminal the text takes: wide signs and emoji two, combining marks none."""
    return sum(
        0 if unicodedata.combining(sign) or unicodedata.category(sign) in {"Mn", "Me", "Cf"} else _columns(sign)
        for sign in text
    )


def shorten(text: str, columns: int) -> str:
    """The text on one line, cut to `columns` with an ellipsis."""
    text = " ".join(text.split())
    if width(text) <= columns:
        return text
    while width(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    """Rows below their headings; `align` has one of `<` and `>` per column."""
    widths = [max(width(cell) for cell in column) for column in zip(headings, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell + " " * (space - width(cell)) if side == "<" else " " * (space - width(cell)) + cell
            for cell, space, side in zip(cells, widths, align, strict=True)
        ]
        return ("  " + "  ".join(padded)).rstrip()

    return "\n".join([line(headings), line(["─" * space for space in widths]), *(line(row) for row in rows)])


class ChangingLine:
    """One line that is rewritten in place on a terminal; elsewhere each new text is a line of its own."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._shown = ""

    def show(self, text: str) -> None:
        """Show the text unless it is already there."""
        if text == self._shown:
            return
        self._shown = text
        if sys.stdout.isatty():
            print(f"\r\033[K{text}", end="", flush=True)
        else:
            self._say(text)

    def clear(self) -> None:
        """Take the line away, where that can be done."""
        if sys.stdout.isatty():
            print("\r\033[K", end="", flush=True)


def _columns(sign: str) -> int:
    return 2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1
