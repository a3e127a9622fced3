"""SQL of links between transactions."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, any_, delete, func, insert, literal, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.database import hash_joins
from app.links.models import LinkKind, LinkState, TransactionLink
from app.transactions.models import Transaction

INTERNAL = (LinkKind.OWN_ACCOUNT_TRANSFER, LinkKind.CARD_PAYMENT)
"""Kinds whose two sides only move the owner's money about."""

STANDING = (LinkState.FOUND, LinkState.CONFIRMED)
DECIDED = (LinkState.CONFIRMED, LinkState.REJECTED)


class Accounts(NamedTuple):
    """Ids of an owner's accounts."""

    banks: list[UUID]
    cards: list[UUID]


class Search(NamedTuple):
    """How candidates of a kind are found: what either side is, what joins them, and how many days lie between."""

    first: str
    other: str
    join: str
    earliest: int
    latest: int


_BANKS, _CARDS = "account_id = ANY(CAST(:banks AS uuid[]))", "account_id = ANY(CAST(:cards AS uuid[]))"
_MONEY = "other.currency_code = first.currency_code AND other.amount = first.back"
_SAME_ACCOUNT = "other.account_id = first.account_id"

SEARCHES: dict[LinkKind, Search] = {
    LinkKind.OWN_ACCOUNT_TRANSFER: Search(
        _BANKS, f"{_BANKS} AND amount > 0", f"{_MONEY} AND other.account_id <> first.account_id", -1, 4
    ),
    LinkKind.CARD_PAYMENT: Search(_BANKS, f"{_CARDS} AND amount > 0", _MONEY, -2, 6),
    LinkKind.REFUND: Search(
        "true",
        "amount > 0 AND (operation_type = 'ESTORNO'"
        " OR description ~* 'estorn|devolu|devolvid|reembols|cancelament|refund|chargeback')",
        f"{_MONEY} AND {_SAME_ACCOUNT}",
        0,
        120,
    ),
    LinkKind.IOF: Search(
        f"{_CARDS} AND original_currency_code IS NOT NULL",
        rf"{_CARDS} AND amount < 0 AND description ~* '\yiof\y'",
        _SAME_ACCOUNT,
        -3,
        3,
    ),
    LinkKind.DUPLICATE: Search(
        "true",
        "amount < 0",
        f"{_SAME_ACCOUNT} AND other.amount = first.amount AND other.description = first.description"
        " AND (other.moment, other.id) > (first.moment, first.id)"
        " AND other.moment - first.moment <= interval '2 minutes'",
        -1,
        1,
    ),
}
_SIDE = """
SELECT id, account_id, date, amount, -amount AS back, currency_code, description, change_number,
    coalesce(occurred_at, (details -> 'card' ->> 'purchased_at')::timestamptz) AS moment
FROM transactions
WHERE owner_id = :owner_id AND removed_at IS NULL
    AND date BETWEEN CAST(:low AS date) AND CAST(:high AS date) AND
"""
_PAIRS = """
WITH first AS MATERIALIZED ({side} amount < 0 AND {first}), other AS MATERIALIZED ({side} {other})
SELECT first.id, other.id FROM first JOIN other ON {join}
WHERE other.date - first.date BETWEEN :earliest AND :latest
    AND (first.change_number > :since OR other.change_number > :since)
"""


async def candidates(
    session: AsyncSession, owner_id: UUID, kind: LinkKind, accounts: Accounts, *, since: int
) -> list[tuple[UUID, UUID]]:
    """Return the pairs of live rows that may be of a kind, of which one changed after a change number."""
    search = SEARCHES[kind]
    changed = select(func.min(Transaction.date), func.max(Transaction.date)).where(
        Transaction.owner_id == owner_id, Transaction.change_number > since
    )
    first_day, last_day = (await session.execute(changed)).one()
    if first_day is None:
        return []
    reach = timedelta(days=max(-search.earliest, search.latest))
    values = {
        "owner_id": owner_id,
        "since": since,
        "low": first_day - reach,
        "high": last_day + reach,
        "earliest": search.earliest,
        "latest": search.latest,
    }
    statement = text(_PAIRS.format(side=_SIDE, **search._asdict()))
    told = {name for name in ("banks", "cards") if f":{name}" in statement.text}
    async with hash_joins(session):
        found = await session.execute(statement, values | {name: getattr(accounts, name) for name in told})
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


async def accounts_of(session: AsyncSession, owner_id: UUID) -> Accounts:
    """Return the owner's accounts."""
    statement = select(Account.id, Account.type).where(Account.owner_id == owner_id, Account.removed_at.is_(None))
    accounts = Accounts([], [])
    for account_id, kind in await session.execute(statement):
        (accounts.cards if kind == "CREDIT" else accounts.banks).append(account_id)
    return accounts


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
