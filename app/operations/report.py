"""What a command tells: lines for people, and whether all is well."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple


class Report(NamedTuple):
    """The lines to print; `is_well` decides the exit code."""

    lines: Sequence[str]
    is_well: bool = True


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a table, columns as wide as they need; a single line when there are no rows."""
    cells = [[text_of(cell) for cell in row] for row in rows]
    if not cells:
        return ["(none)"]
    widths = [max(len(row[at]) for row in [list(head), *cells]) for at in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(head), *cells]
    ]


def pairs(**values: object) -> list[str]:
    """Return one line a value, names aligned."""
    width = max(map(len, values))
    return [f"{name.replace('_', ' ').ljust(width)}  {text_of(value)}" for name, value in values.items()]


def text_of(value: object) -> str:
    """Return a value as people read it: instants to the second, nothing as a dash."""
    match value:
        case None | "":
            return "-"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%SZ")
        case bool():
            return "yes" if value else "no"
    return str(value)
