"""Transactions as tables in two dialects of CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from app.exports.rows import Row

BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it spreadsheet programs take UTF-8 for a local code page, and accents are lost."""

_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


class CsvDialect(NamedTuple):
    """How a country writes a table."""

    headings: Sequence[str]
    delimiter: str
    day: Callable[[date], str]
    number: Callable[[str], str]
    yes_no: tuple[str, str]


BRAZILIAN: Final = CsvDialect(
    headings=(
        "Data", "Instituição", "Conta", "Descrição", "Contraparte", "Categoria", "Valor", "Moeda", "Valor original",
        "Moeda original", "Parcela", "Parcelas", "Situação", "Anotação", "Etiquetas", "Ignorada", "ID", "ID da conta",
    ),
    delimiter=";",
    day=lambda day: f"{day:%d/%m/%Y}",
    number=lambda number: number.replace(".", ","),
    yes_no=("sim", "não"),
)  # fmt: skip
INTERNATIONAL: Final = CsvDialect(
    headings=(
        "date", "institution", "account", "description", "counterparty", "category", "amount", "currency_code",
        "original_amount", "original_currency_code", "installment", "installments", "status", "note", "tags",
        "ignored", "id", "account_id",
    ),
    delimiter=",",
    day=date.isoformat,
    number=str,
    yes_no=("true", "false"),
)  # fmt: skip


def head(dialect: CsvDialect) -> str:
    """Return how a file begins: the mark of UTF-8 and the headings."""
    return BYTE_ORDER_MARK + _table(dialect, [dialect.headings])


def lines(dialect: CsvDialect, rows: Iterable[Row]) -> str:
    """Return the rows as lines."""
    return _table(dialect, (_cells(dialect, row) for row in rows))


def _table(dialect: CsvDialect, cells: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=dialect.delimiter, lineterminator="\r\n").writerows(cells)
    return text.getvalue()


def _cells(dialect: CsvDialect, row: Row) -> Sequence[str]:
    line, account = row
    installment = line.installment
    return (
        dialect.day(line.date),
        safe(account.institution_name),
        safe(account.title),
        safe(line.description),
        safe(line.counterparty_name or ""),
        safe((line.category and line.category.name) or ""),
        dialect.number(line.amount),
        safe(line.currency_code),
        dialect.number(line.original_amount or ""),
        safe(line.original_currency_code or ""),
        str(installment.number) if installment else "",
        str(installment.total) if installment and installment.total else "",
        safe(line.status),
        safe(line.note or ""),
        safe(", ".join(line.tags)),
        dialect.yes_no[0 if line.ignored else 1],
        str(line.id),
        str(line.account_id),
    )


def safe(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula: such ones begin with an apostrophe.

    Numbers are written by us and need none; a negative amount stays a number.
    """
    return "'" + text if text.lstrip(" \u00a0").startswith(_STARTS_A_FORMULA) else text
