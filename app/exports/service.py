"""Use cases of exports."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Sessions
from app.exports import columns, repository
from app.exports.download import Slots
from app.exports.ofx import OfxWriter, Statement
from app.exports.rows import ExportedAccount, Row
from app.exports.schemas import ExportRequest, FileFormat
from app.reading import snapshot
from app.transactions.lines import encode_page, line_of


class FileKind(NamedTuple):
    """How a file of a format is announced."""

    media_type: str
    suffix: str


FILE_KINDS: Final[dict[FileFormat, FileKind]] = {
    "csv": FileKind("text/csv; charset=utf-8; header=present", "csv"),
    "ofx": FileKind("application/x-ofx", "ofx"),
    "jsonl": FileKind("application/jsonl", "jsonl"),
}


class Writer(Protocol):
    """Writes one file."""

    def head(self) -> str:
        """Return how it begins."""

    def lines(self, rows: Iterable[Row]) -> str:
        """Return the next rows."""

    def foot(self) -> str:
        """Return how it ends."""


class CsvWriter:
    """Writes a table."""

    def __init__(self, dialect: columns.CsvDialect) -> None:
        self._dialect = dialect

    def head(self) -> str:
        """Return the headings."""
        return columns.head(self._dialect)

    def lines(self, rows: Iterable[Row]) -> str:
        """Return a line a row."""
        return columns.lines(self._dialect, rows)

    def foot(self) -> str:
        """Return nothing."""
        return ""


class JsonWriter:
    """Writes each row as the list shows it, on a line of its own."""

    def head(self) -> str:
        """Return nothing."""
        return ""

    def lines(self, rows: Iterable[Row]) -> str:
        """Return a line a row."""
        return "".join(f"{encode_page(row.line).decode()}\n" for row in rows)

    def foot(self) -> str:
        """Return nothing."""
        return ""


async def export(
    sessions: Sessions, owner_id: UUID, asked: ExportRequest, *, now: datetime, slots: Slots
) -> AsyncGenerator[bytes, None]:
    """Yield a file with the rows that a list under the same filter shows at this moment, part by part.

    All parts are of one moment, and some hundreds of rows are held at a time, however many there are. Raises
    ServiceUnavailable when too many exports are under way.
    """
    with slots.one():
        async with snapshot(sessions, owner_id) as session:
            accounts = await _accounts(session, owner_id)
            writer = await _writer(session, owner_id, asked, now)
            yield writer.head().encode()
            parts = repository.stream(session, owner_id, asked.rows, by_account=asked.format == "ofx")
            async for part in parts:
                yield writer.lines(_rows(part, accounts)).encode()
            yield writer.foot().encode()


async def _writer(session: AsyncSession, owner_id: UUID, asked: ExportRequest, now: datetime) -> Writer:
    if asked.format == "ofx":
        found = await repository.days(session, owner_id, asked.rows)
        return OfxWriter([Statement(*row) for row in found], now)
    if asked.format == "jsonl":
        return JsonWriter()
    return CsvWriter(columns.INTERNATIONAL if asked.dialect == "international" else columns.BRAZILIAN)


def _rows(part: Sequence[Sequence[Any]], accounts: dict[UUID, ExportedAccount]) -> Iterable[Row]:
    for columns_of_row in part:
        line = line_of(columns_of_row)
        yield Row(line, accounts[line.account_id])


async def _accounts(session: AsyncSession, owner_id: UUID) -> dict[UUID, ExportedAccount]:
    return {
        account.id: ExportedAccount(
            id=account.id,
            type=account.type,
            subtype=account.subtype,
            title=account.alias or account.name,
            currency_code=account.currency_code,
            balance=account.balance,
            balance_at=account.balance_at,
            institution_name=institution_name,
            connector_id=connector_id,
        )
        for account, institution_name, connector_id in await repository.accounts(session, owner_id)
    }
