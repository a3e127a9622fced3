"""SQL of what clients read of the ledger.

Removed rows are never seen: `removed_at IS NULL` is the predicate of the index that every list walks. The rows of a
connection that is being deleted are removed in the transaction that begins its deletion.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Row,
    Select,
    Uuid,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.accounts.models import Account
from app.categories.built_in import Names, branch, names_of
from app.categories.models import PluggyCategory
from app.connections.models import BankConnection
from app.reading import read_rows
from app.transactions.counting import COUNTS_AS
from app.transactions.filters import Sort, TransactionFilter
from app.transactions.models import Transaction, TransactionRevision

_COLUMNS: Final = (
    "id", "pluggy_id", "account_id", "date", "occurred_at", "amount", "currency_code", "original_amount",
    "original_currency_code", "direction", "status", "description", "category_id", "category_source",
    "pluggy_category", "counterparty_name", "installment_number", "total_installments", "note", "tags", "ignored",
    "internal_kind", "counterparty_id",
)  # fmt: skip
_OWN_CATEGORY: Final[ColumnElement[str | None]] = literal_column(
    "CASE WHEN length(transactions.category_id) = 36 THEN (SELECT categories.name FROM categories"
    " WHERE categories.owner_id = transactions.owner_id AND categories.id = transactions.category_id::uuid) END"
).label("own_category_name")
LISTED: Final = (
    *(getattr(Transaction, name) for name in _COLUMNS),
    PluggyCategory.name.label("category_name"),
    PluggyCategory.name_pt.label("category_name_pt"),
    _OWN_CATEGORY,
)
"""What a list's row is made from, for `lines.line_of`: all small, so that a page costs half of what whole rows would.

To be selected through `listed`."""

_own_accounts = select(Account.id).where(
    Account.owner_id == bindparam("owner_id"), Account.connection_id == bindparam("connection_id")
)
# Levels of Pluggy's ids are pairs of digits, so a branch of its tree is a range; own categories may hang anywhere.
_OF_CATEGORY: Final = """
(transactions.category_id BETWEEN :category_from AND :category_to OR transactions.category_id = ANY (ARRAY(
    WITH RECURSIVE below AS (
        SELECT own.id::text FROM categories AS own
        WHERE own.owner_id = :owner_id AND own.parent_id BETWEEN :category_from AND :category_to
        UNION
        SELECT own.id::text FROM categories AS own JOIN below ON own.parent_id = below.id
        WHERE own.owner_id = :owner_id
    ) SELECT id FROM below
)))
"""


def _contains(text_column: ColumnElement[str] | InstrumentedAttribute[str], name: str) -> ColumnElement[bool]:
    folded = select(func.banking_fold(bindparam(name))).scalar_subquery()  # once, not for each row
    return func.strpos(text_column, folded) > literal_column("0")


_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "account_id": Transaction.account_id == bindparam("account_id"),
    "connection_id": Transaction.account_id.in_(_own_accounts),
    "date_from": Transaction.date >= bindparam("date_from"),
    "date_to": Transaction.date <= bindparam("date_to"),
    "amount_from": Transaction.amount >= bindparam("amount_from"),
    "amount_to": Transaction.amount <= bindparam("amount_to"),
    "direction": Transaction.direction == bindparam("direction"),
    "status": Transaction.status == bindparam("status"),
    "category": cast(ColumnElement[bool], text(_OF_CATEGORY)),
    "uncategorised": Transaction.category_id.is_(None),
    "counterparty": _contains(func.banking_fold(Transaction.counterparty_name), "counterparty"),
    "counterparty_id": Transaction.counterparty_id == bindparam("counterparty_id"),
    "currency_code": Transaction.currency_code == bindparam("currency_code"),
    "tag": bindparam("tag") == any_(Transaction.tags),
    "ignored": Transaction.ignored == bindparam("ignored"),
    "internal": Transaction.internal_kind.is_not(None) == bindparam("internal"),
    "q": _contains(Transaction.search_text, "q"),
    "counts_as": bindparam("counts_as") == COUNTS_AS,
    "ids": Transaction.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
}
_KEYS: Final[dict[str, InstrumentedAttribute[Any]]] = {"date": Transaction.date, "amount": Transaction.amount}


class TransactionOfConnection(NamedTuple):
    """A transaction, the connection that brings it, and the names of its category if it has one."""

    transaction: Transaction
    connection: BankConnection
    category_names: Names | None


def _visible(owner_id: UUID | BindParameter[UUID]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Transaction.owner_id == owner_id, Transaction.removed_at.is_(None)


def listed() -> Select[*tuple[Any, ...]]:
    """Return a SELECT of LISTED, to be narrowed down."""
    return select(*LISTED).outerjoin(PluggyCategory, PluggyCategory.id == Transaction.category_id)


async def list_page(
    engine: AsyncEngine,
    owner_id: UUID,
    asked: TransactionFilter,
    *,
    sort: Sort = "-date",
    after: tuple[date | Decimal, UUID] | None,
    limit: int,
) -> Sequence[Sequence[Any]]:
    """Return the columns LISTED of rows that match, by (date, id) or (amount, id), strictly after that key."""
    values = {**values_of(owner_id, asked), "limit": limit}
    if after is not None:
        values["after_key"], values["after_id"] = after
    statement, names = page_statement(set_by(asked), sort=sort, is_first=after is None)
    return await read_rows(engine, owner_id, statement, tuple(values[name] for name in names))


def matching(owner_id: UUID, asked: TransactionFilter) -> tuple[Sequence[ColumnElement[bool]], dict[str, Any]]:
    """Return the conditions of the rows that a list under this filter shows, and the values of their parameters."""
    return where(set_by(asked)), values_of(owner_id, asked)


def where(names: tuple[str, ...]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of these names, for a statement that is composed once and asked with `values_of`."""
    return (*_visible(bindparam("owner_id")), *(_CONDITIONS[name] for name in names))


@lru_cache(maxsize=512)
def page_statement(
    conditions: tuple[str, ...] = (), *, sort: Sort = "-date", is_first: bool = True
) -> tuple[str, Sequence[str]]:
    """Return the SQL of a page under these conditions, and the names of its parameters in their order.

    Composed once for each set of conditions, and sent as it is: the ORM's way of sending a statement and reading its
    rows costs three times the query. A search looks through the index alone, and only the page's rows are fetched.
    """
    key, is_descending = _KEYS[sort.removeprefix("-")], sort.startswith("-")
    order = (key.desc(), Transaction.id.desc()) if is_descending else (key, Transaction.id)
    wanted = [*where(conditions)]
    if not is_first:
        here, there = tuple_(key, Transaction.id), tuple_(bindparam("after_key", type_=key.type), bindparam("after_id"))
        wanted.append(here < there if is_descending else here > there)
    if "q" in conditions:
        found = select(Transaction.id).where(*wanted).order_by(*order).limit(bindparam("limit")).subquery("found")
        of_page = (Transaction.owner_id == bindparam("owner_id")) & (Transaction.id == found.c.id)
        statement = listed().join(found, of_page).order_by(*order)
    else:
        statement = listed().where(*wanted).order_by(*order).limit(bindparam("limit"))
    compiled = statement.compile(dialect=asyncpg.dialect())  # type: ignore[no-untyped-call] # SQLAlchemy's
    return compiled.string, tuple(compiled.positiontup or ())


def set_by(asked: TransactionFilter) -> tuple[str, ...]:
    """Return the names of the conditions that a filter sets."""
    given = (name for name in TransactionFilter.model_fields if getattr(asked, name) is not None)
    return tuple("uncategorised" if name == "category" and asked.category == "none" else name for name in given)


def values_of(owner_id: UUID, asked: TransactionFilter) -> dict[str, Any]:
    """Return the values of their parameters."""
    values = asked.model_dump(include=set(TransactionFilter.model_fields), exclude_none=True)
    category = values.pop("category", "none")
    if category != "none":
        values["category_from"], values["category_to"] = branch(category)
    if asked.q is not None:
        values["q"] = asked.q.strip()
    return {**values, "owner_id": owner_id}


async def list_changed(
    session: AsyncSession, owner_id: UUID, *, after: tuple[int, UUID], limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return rows changed since the key (change_number, id), in its order, removed ones included.

    The columns are LISTED, then change_number, created_number and whether the row was removed.
    """
    statement = (
        listed()
        .add_columns(Transaction.change_number, Transaction.created_number, Transaction.removed_at.is_not(None))
        .where(
            Transaction.owner_id == owner_id,
            tuple_(Transaction.change_number, Transaction.id) > after,
        )
        .order_by(Transaction.change_number, Transaction.id)
        .limit(limit)
    )
    return (await session.execute(statement)).all()


async def list_run_revisions(
    session: AsyncSession, owner_id: UUID, run_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[TransactionRevision]:
    """Return what a run changed, in the order it did, strictly after the revision `after`."""
    statement = select(TransactionRevision).where(
        TransactionRevision.owner_id == owner_id, TransactionRevision.run_id == run_id
    )
    if after is not None:
        statement = statement.where(TransactionRevision.id > after)
    return (await session.execute(statement.order_by(TransactionRevision.id).limit(limit))).scalars().all()


async def find(session: AsyncSession, owner_id: UUID, transaction_id: UUID) -> TransactionOfConnection | None:
    """Return the transaction unless it is absent or removed."""
    statement = (
        select(Transaction, BankConnection, PluggyCategory.name, PluggyCategory.name_pt, _OWN_CATEGORY)
        .join(Account, (Account.owner_id == owner_id) & (Account.id == Transaction.account_id))
        .join(BankConnection, (BankConnection.owner_id == owner_id) & (BankConnection.id == Account.connection_id))
        .outerjoin(PluggyCategory, PluggyCategory.id == Transaction.category_id)
        .where(*_visible(owner_id), Transaction.id == transaction_id, BankConnection.deleting_at.is_(None))
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    row, connection, name, name_pt, own = found
    given = row.pluggy_category if row.category_source == "pluggy" else None
    if row.category_id is None:
        return TransactionOfConnection(row, connection, None)
    names = names_of(row.category_id, (name, name_pt), own=own, given=given)
    return TransactionOfConnection(row, connection, names)


async def existing(session: AsyncSession, owner_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these ids that the owner can see."""
    statement = select(Transaction.id).where(*_visible(owner_id), Transaction.id.in_(ids))
    return set((await session.execute(statement)).scalars())


async def exists(session: AsyncSession, owner_id: UUID, transaction_id: UUID) -> bool:
    """Tell whether the owner can see the transaction."""
    statement = select(Transaction.id).where(*_visible(owner_id), Transaction.id == transaction_id)
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def list_revisions(
    session: AsyncSession,
    owner_id: UUID,
    transaction_id: UUID,
    *,
    after: tuple[int, UUID] | None,
    limit: int,
) -> Sequence[TransactionRevision]:
    """Return what became of the transaction, newest first by (change_number, id), strictly after that key."""
    statement = select(TransactionRevision).where(
        TransactionRevision.owner_id == owner_id, TransactionRevision.transaction_id == transaction_id
    )
    if after is not None:
        statement = statement.where(tuple_(TransactionRevision.change_number, TransactionRevision.id) < after)
    newest_first = statement.order_by(TransactionRevision.change_number.desc(), TransactionRevision.id.desc())
    return (await session.execute(newest_first.limit(limit))).scalars().all()
