"""The bulk write of transactions: raw asyncpg on the session's own connection, a handful of statements a page."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import cycle
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession


class TransactionRow(NamedTuple):
    """One mirrored row, in the order of the statement's arrays. `details` is JSON text, `payment` is sealed."""

    id: UUID
    pluggy_id: UUID
    provider_id: str | None
    date: date
    occurred_at: datetime | None
    amount: Decimal
    currency_code: str
    original_amount: Decimal | None
    original_currency_code: str | None
    direction: str
    type: str | None
    amount_raw: Decimal
    status: str
    description: str
    description_raw: str | None
    running_balance: Decimal | None
    pluggy_category_id: str | None
    pluggy_category: str | None
    built_in_category_id: str | None
    operation_type: str | None
    counterparty_name: str | None
    counterparty_document_hash: bytes | None
    payment: bytes | None
    installment_number: int | None
    total_installments: int | None
    bill_pluggy_id: UUID | None
    details: str | None
    pluggy_created_at: datetime | None
    content_hash: bytes


TRACKED = (
    "date", "amount", "currency_code", "original_amount", "original_currency_code", "direction", "status",
    "description", "description_raw", "running_balance", "operation_type", "counterparty_name", "installment_number",
    "total_installments", "bill_pluggy_id",
)  # fmt: skip
"""Fields whose changes are kept as revisions: what a client sees of a row and Pluggy may restate."""

CATEGORY = ("user_category_id", "rule_category_id", "pluggy_category_id", "built_in_category_id")
"""Who may put a row into a category, in the order in which they count."""


class Stored(NamedTuple):
    """What is stored of a row that a page brings changed."""

    id: UUID
    before: tuple[Any, ...]
    """The fields of TRACKED and of CATEGORY in their order, and last when the row was removed."""


_TYPES = {
    "id": "uuid", "pluggy_id": "uuid", "date": "date", "occurred_at": "timestamptz", "amount": "numeric",
    "original_amount": "numeric", "amount_raw": "numeric", "running_balance": "numeric",
    "counterparty_document_hash": "bytea", "payment": "bytea", "installment_number": "smallint",
    "total_installments": "smallint", "bill_pluggy_id": "uuid", "details": "jsonb", "pluggy_created_at": "timestamptz",
    "content_hash": "bytea",
}  # fmt: skip
"""Array types of the columns; the others are text."""

_COLUMNS = TransactionRow._fields
_UPDATED = [name for name in _COLUMNS if name not in {"id", "pluggy_id"}]
_FIXED = 3  # $1 owner, $2 account, $3 fence of the run; then the change numbers, then one array a column
_ARRAYS = ", ".join(
    [f"${_FIXED + 1}::bigint[]"]
    + [f"${at}::{_TYPES.get(name, 'text')}[]" for at, name in enumerate(_COLUMNS, start=_FIXED + 2)]
)

# One look-up an id, kept apart by OFFSET 0: on a table never analysed, `= ANY` is planned as a walk of the whole owner.
_DIFFERING = f"""
SELECT asked.pluggy_id, stored.id, {", ".join(f"stored.{name}" for name in (*TRACKED, *CATEGORY))}, stored.removed_at
FROM unnest($3::uuid[], $4::bytea[]) AS asked (pluggy_id, content_hash)
LEFT JOIN LATERAL (
    SELECT * FROM transactions WHERE owner_id = $1 AND account_id = $2 AND pluggy_id = asked.pluggy_id OFFSET 0
) AS stored ON true
WHERE stored.id IS NULL OR stored.content_hash <> asked.content_hash OR stored.removed_at IS NOT NULL
"""  # noqa: S608 # names of columns only
_UPSERT = f"""
INSERT INTO transactions AS stored
    (owner_id, account_id, read_number, added_read, created_number, change_number, {", ".join(_COLUMNS)})
SELECT $1, $2, $3, $3, page.change_number, page.*
FROM unnest({_ARRAYS}) AS page (change_number, {", ".join(_COLUMNS)})
ON CONFLICT (owner_id, account_id, pluggy_id) DO UPDATE SET
    {", ".join(f"{name} = EXCLUDED.{name}" for name in _UPDATED)},
    change_number = greatest(stored.change_number, EXCLUDED.change_number), read_number = EXCLUDED.read_number,
    updated_at = now(), removed_at = NULL,
    created_number = CASE WHEN stored.removed_at IS NULL THEN stored.created_number ELSE EXCLUDED.change_number END
WHERE stored.read_number < EXCLUDED.read_number
   OR (stored.read_number = EXCLUDED.read_number AND stored.removed_at IS NULL)
RETURNING stored.pluggy_id, (xmax = 0) AS is_new
"""  # noqa: S608 # names of columns only


class _Column:
    """A column of a page on its way into an array parameter.

    asyncpg walks an array twice: first to ask of each value whether it is an array itself, which takes longer than
    writing it. A column is flat, so that walk meets nothing.
    """

    def __init__(self, values: Collection[object]) -> None:
        self._values = values
        self._walks = cycle(((), values))

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[object]:
        return iter(next(self._walks))


async def driver(session: AsyncSession) -> "asyncpg.Connection[Any]":
    """Return the session's asyncpg connection, inside the session's transaction."""
    connection = await (await session.connection()).get_raw_connection()
    raw: asyncpg.Connection[Any] = connection.driver_connection  # type: ignore[assignment] # the dialect is asyncpg's
    return raw


async def find_differing(
    session: AsyncSession, owner_id: UUID, account_id: UUID, hashes: Mapping[UUID, bytes]
) -> dict[UUID, Stored | None]:
    """Return what is stored under those of these ids of Pluggy's whose content is another, or whose row was removed.

    None is an id that is not stored at all; an id whose row is equal is not in the answer.
    """
    connection = await driver(session)
    rows = await connection.fetch(_DIFFERING, owner_id, account_id, _Column(hashes), _Column(hashes.values()))
    return {row[0]: None if row[1] is None else Stored(row[1], tuple(row)[2:]) for row in rows}


async def upsert(
    session: AsyncSession,
    owner_id: UUID,
    account_id: UUID,
    rows: Sequence[TransactionRow],
    *,
    read_number: int,
    change_numbers: Sequence[int],
) -> tuple[set[UUID], set[UUID]]:
    """Write `rows` (unique by pluggy_id); return Pluggy's ids of the new ones and of the rewritten ones.

    A change number of 0 keeps the stored one, where nothing changes that a client can see. A row
    written by a newer read, or removed in this one, is left alone and in neither set (R22, R23).
    """
    columns = map(_Column, (change_numbers, *zip(*rows, strict=True)))
    written = await (await driver(session)).fetch(_UPSERT, owner_id, account_id, read_number, *columns)
    new = {row[0] for row in written if row[1]}
    return new, {row[0] for row in written if not row[1]}
