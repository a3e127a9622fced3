"""Transactions as their meaning is derived from them: slim, streamed, removed ones left out."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.database import one_of
from app.transactions.models import Transaction

_PART = 5_000


class Movement(NamedTuple):
    """One transaction. `amount` is signed, `document_hash` is the counterparty's, `card` what a card says of it."""

    id: UUID
    account_id: UUID
    is_card: bool
    date: date
    occurred_at: datetime | None
    amount: Decimal
    currency_code: str
    original_currency_code: str | None
    status: str
    description: str
    operation_type: str | None
    category_id: str | None
    counterparty_name: str | None
    document_hash: bytes | None
    counterparty_id: UUID | None
    installment_number: int | None
    total_installments: int | None
    card: dict[str, Any]
    merchant: dict[str, Any]

    @property
    def is_out(self) -> bool:
        """Whether money left."""
        return self.amount < 0

    @property
    def moment(self) -> datetime | None:
        """When it happened to the second, where the bank tells: as its date, or beside it."""
        if self.occurred_at is not None:
            return self.occurred_at
        told = self.card.get("purchased_at")
        return datetime.fromisoformat(told) if told else None


_COLUMNS = (
    Transaction.id, Transaction.account_id, Account.type, Transaction.date, Transaction.occurred_at,
    Transaction.amount, Transaction.currency_code, Transaction.original_currency_code, Transaction.status,
    Transaction.description, Transaction.operation_type, Transaction.pluggy_category_id,
    Transaction.counterparty_name, Transaction.counterparty_document_hash, Transaction.counterparty_id,
    Transaction.installment_number, Transaction.total_installments, Transaction.details,
)  # fmt: skip
_TYPE, _DETAILS = 2, len(_COLUMNS) - 1


def select_movements(owner_id: UUID, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Select the owner's live transactions that meet the conditions; `movement_of` reads their rows."""
    return (
        select(*_COLUMNS)
        .join(Account, (Account.owner_id == Transaction.owner_id) & (Account.id == Transaction.account_id))
        .where(Transaction.owner_id == owner_id, Transaction.removed_at.is_(None), *conditions)
    )


def movement_of(row: Sequence[Any]) -> Movement:
    """Return the movement that a selected row is; columns after its own are left alone."""
    details = row[_DETAILS] or {}
    told = (details.get("card") or {}, details.get("merchant") or {})
    return Movement._make((*row[:_TYPE], row[_TYPE] == "CREDIT", *row[_TYPE + 1 : _DETAILS], *told))


async def stream_movements(
    session: AsyncSession, owner_id: UUID, *conditions: ColumnElement[bool]
) -> AsyncIterator[Sequence[Movement]]:
    """Yield the owner's live transactions that meet the conditions, some thousands at a time, in no order."""
    result = await session.stream(select_movements(owner_id, *conditions))
    async for part in result.partitions(_PART):
        yield [movement_of(row) for row in part]


async def movements_by_id(session: AsyncSession, owner_id: UUID, ids: Collection[UUID]) -> dict[UUID, Movement]:
    """Return the live ones of these transactions."""
    wanted = one_of(Transaction.id, ids)
    return {row.id: row async for part in stream_movements(session, owner_id, wanted) for row in part}
