"""SQL of links between transactions."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Uuid,
    and_,
    any_,
    cast,
    delete,
    extract,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.models import Account
from app.links.models import LinkKind, LinkState, TransactionLink
from app.transactions.models import Transaction

_first, _other = aliased(Transaction, name="first"), aliased(Transaction, name="other")
_first_account, _other_account = aliased(Account, name="first_account"), aliased(Account, name="other_account")

INTERNAL = (LinkKind.OWN_ACCOUNT_TRANSFER, LinkKind.CARD_PAYMENT)
"""Kinds whose two sides only move the owner's money about."""

STANDING = (LinkState.FOUND, LinkState.CONFIRMED)
DECIDED = (LinkState.CONFIRMED, LinkState.REJECTED)


class Search(NamedTuple):
    """How candidates of a kind are found: conditions on both rows, and how many days before and after the second is."""

    condition: ColumnElement[bool]
    earliest: int
    latest: int


def _moment(row: Any) -> ColumnElement[Any]:
    told = row.details["card"]["purchased_at"].astext
    return func.coalesce(row.occurred_at, cast(told, TIMESTAMP(timezone=True)))


_SWAPPED = and_(_first.amount < 0, _other.amount == -_first.amount)
_SAME_ACCOUNT = _other.account_id == _first.account_id

SEARCHES: dict[LinkKind, Search] = {
    LinkKind.OWN_ACCOUNT_TRANSFER: Search(
        and_(
            _SWAPPED,
            _other.account_id != _first.account_id,
            _first_account.type != "CREDIT",
            _other_account.type != "CREDIT",
        ),
        -1,
        4,
    ),
    LinkKind.CARD_PAYMENT: Search(
        and_(_SWAPPED, _first_account.type != "CREDIT", _other_account.type == "CREDIT"), -2, 6
    ),
    LinkKind.REFUND: Search(
        and_(
            _SWAPPED,
            _SAME_ACCOUNT,
            or_(
                _other.operation_type == "ESTORNO",
                _other.description.regexp_match("estorn|devolu|devolvid|reembols|cancelament|refund|chargeback", "i"),
            ),
        ),
        0,
        120,
    ),
    LinkKind.IOF: Search(
        and_(
            _SAME_ACCOUNT,
            _first.amount < 0,
            _other.amount < 0,
            _first.original_currency_code.is_not(None),
            _other.description.regexp_match(r"\yiof\y", "i"),
            _first_account.type == "CREDIT",
        ),
        -3,
        3,
    ),
    LinkKind.DUPLICATE: Search(
        and_(
            _SAME_ACCOUNT,
            _first.amount < 0,
            _other.amount == _first.amount,
            _other.description == _first.description,
            tuple_(_moment(_first), _first.id) < tuple_(_moment(_other), _other.id),
            extract("epoch", _moment(_other) - _moment(_first)) <= 120,
        ),
        -1,
        1,
    ),
}


async def candidates(session: AsyncSession, owner_id: UUID, kind: LinkKind, *, since: int) -> list[tuple[UUID, UUID]]:
    """Return the pairs of live rows that may be of a kind, of which one changed after a change number."""
    search = SEARCHES[kind]
    reach = timedelta(days=max(-search.earliest, search.latest))
    changed = select(func.min(Transaction.date) - reach, func.max(Transaction.date) + reach).where(
        Transaction.owner_id == owner_id, Transaction.change_number > since
    )
    low, high = (await session.execute(changed)).one()
    if low is None:
        return []
    statement = (
        select(_first.id, _other.id)
        .select_from(_first)
        .join(
            _other,
            and_(
                _other.owner_id == _first.owner_id,
                _other.currency_code == _first.currency_code,
                _other.date >= _first.date + timedelta(days=search.earliest),
                _other.date <= _first.date + timedelta(days=search.latest),
            ),
        )
        .join(_first_account, and_(_first_account.owner_id == _first.owner_id, _first_account.id == _first.account_id))
        .join(_other_account, and_(_other_account.owner_id == _other.owner_id, _other_account.id == _other.account_id))
        .where(
            search.condition,
            or_(_first.change_number > since, _other.change_number > since),
            *(
                condition
                for row in (_first, _other)
                for condition in (row.owner_id == owner_id, row.removed_at.is_(None), row.date.between(low, high))
            ),
        )
    )
    # A table never analysed is planned as if it held a handful of rows: a loop over a loop of some ten thousand.
    await session.execute(text("SET LOCAL enable_nestloop = off"))
    found = (await session.execute(statement)).all()
    await session.execute(text("SET LOCAL enable_nestloop = on"))
    return [(first, other) for first, other in found]


async def touched(session: AsyncSession, owner_id: UUID, *, since: int) -> Sequence[TransactionLink]:
    """Return the links of which a transaction changed, or was removed, after a change number."""
    changed = select(Transaction.id).where(Transaction.owner_id == owner_id, Transaction.change_number > since)
    statement = select(TransactionLink).where(
        TransactionLink.owner_id == owner_id,
        or_(TransactionLink.transaction_id.in_(changed), TransactionLink.other_id.in_(changed)),
    )
    return (await session.scalars(statement)).all()


async def of_transactions(session: AsyncSession, owner_id: UUID, ids: Collection[UUID]) -> Sequence[TransactionLink]:
    """Return all links of these transactions."""
    wanted = literal(list(ids), ARRAY(Uuid))
    statement = select(TransactionLink).where(
        TransactionLink.owner_id == owner_id,
        or_(TransactionLink.transaction_id == any_(wanted), TransactionLink.other_id == any_(wanted)),
    )
    return (await session.scalars(statement)).all()


async def internal_since(session: AsyncSession, owner_id: UUID, *, since: int) -> set[UUID]:
    """Return the transactions changed after a change number that are held to be internal."""
    statement = select(Transaction.id).where(
        Transaction.owner_id == owner_id, Transaction.change_number > since, Transaction.internal_kind.is_not(None)
    )
    return set((await session.scalars(statement)).all())


async def sealed_payments(session: AsyncSession, owner_id: UUID, ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Return the sealed payments of these transactions, of those that have one."""
    statement = select(Transaction.id, Transaction.payment).where(
        Transaction.owner_id == owner_id,
        Transaction.id == any_(literal(list(ids), ARRAY(Uuid))),
        Transaction.payment.is_not(None),
    )
    return {row_id: payment for row_id, payment in await session.execute(statement) if payment is not None}


async def account_numbers(session: AsyncSession, owner_id: UUID) -> dict[UUID, bytes]:
    """Return the sealed numbers of the owner's accounts."""
    statement = select(Account.id, Account.number).where(
        Account.owner_id == owner_id, Account.removed_at.is_(None), Account.type != "CREDIT"
    )
    return {row_id: number for row_id, number in await session.execute(statement) if number is not None}


async def account_kinds(session: AsyncSession, owner_id: UUID) -> list[str]:
    """Return the types of the owner's accounts, one each."""
    statement = select(Account.type).where(Account.owner_id == owner_id, Account.removed_at.is_(None))
    return list((await session.scalars(statement)).all())


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Keep new links."""
    await session.execute(insert(TransactionLink), rows)


async def change(session: AsyncSession, owner_id: UUID, link_id: UUID, columns: dict[str, Any]) -> None:
    """Change a link."""
    await session.execute(
        update(TransactionLink)
        .where(TransactionLink.owner_id == owner_id, TransactionLink.id == link_id)
        .values(**columns, updated_at=func.now())
    )


async def drop(session: AsyncSession, owner_id: UUID, ids: Collection[UUID]) -> None:
    """Forget links."""
    await session.execute(
        delete(TransactionLink).where(TransactionLink.owner_id == owner_id, TransactionLink.id.in_(ids))
    )


async def find(session: AsyncSession, owner_id: UUID, link_id: UUID) -> TransactionLink | None:
    """Return the link, or None."""
    return await session.get(TransactionLink, (owner_id, link_id))


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    *,
    kind: LinkKind | None,
    state: LinkState | None,
    before: UUID | None,
    limit: int,
) -> Sequence[TransactionLink]:
    """Return links, the latest found first, strictly before the id."""
    statement = select(TransactionLink).where(TransactionLink.owner_id == owner_id)
    for name, value in (("kind", kind), ("state", state)):
        if value is not None:
            statement = statement.where(getattr(TransactionLink, name) == str(value))
    if before is not None:
        statement = statement.where(TransactionLink.id < before)
    return (await session.scalars(statement.order_by(TransactionLink.id.desc()).limit(limit))).all()


async def card_inflows(session: AsyncSession, owner_id: UUID, *, since: int) -> set[UUID]:
    """Return what came into cards, changed after a change number."""
    statement = (
        select(Transaction.id)
        .join(Account, and_(Account.owner_id == Transaction.owner_id, Account.id == Transaction.account_id))
        .where(
            Transaction.owner_id == owner_id,
            Transaction.change_number > since,
            Transaction.removed_at.is_(None),
            Transaction.amount > 0,
            Account.type == "CREDIT",
        )
    )
    return set((await session.scalars(statement)).all())


async def of_connection(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> Sequence[TransactionLink]:
    """Return the links of a connection's transactions."""
    accounts = select(Account.id).where(Account.owner_id == owner_id, Account.connection_id == connection_id)
    rows = select(Transaction.id).where(Transaction.owner_id == owner_id, Transaction.account_id.in_(accounts))
    statement = select(TransactionLink).where(
        TransactionLink.owner_id == owner_id,
        or_(TransactionLink.transaction_id.in_(rows), TransactionLink.other_id.in_(rows)),
    )
    return (await session.scalars(statement)).all()
