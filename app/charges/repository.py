"""SQL of the banks' charges."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.charges.models import BankCharge
from app.database import one_of
from app.transactions.models import Transaction


async def kinds_of(session: AsyncSession, owner_id: UUID, transaction_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the kinds of those of the transactions that are charges."""
    statement = select(BankCharge.transaction_id, BankCharge.kind).where(
        BankCharge.owner_id == owner_id, one_of(BankCharge.transaction_id, transaction_ids)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def put(session: AsyncSession, owner_id: UUID, kinds: Mapping[UUID, str]) -> None:
    """Keep these charges."""
    rows = [{"owner_id": owner_id, "transaction_id": row_id, "kind": kind} for row_id, kind in kinds.items()]
    statement = insert(BankCharge)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["owner_id", "transaction_id"], set_={"kind": statement.excluded.kind}
        ),
        rows,
    )


async def drop(session: AsyncSession, owner_id: UUID, transaction_ids: Collection[UUID]) -> None:
    """Forget that these transactions were charges."""
    await session.execute(
        delete(BankCharge).where(BankCharge.owner_id == owner_id, one_of(BankCharge.transaction_id, transaction_ids))
    )


async def removed_since(session: AsyncSession, owner_id: UUID, *, since: int) -> Sequence[UUID]:
    """Return the transactions held to be charges that were removed after a change number."""
    removed = select(Transaction.id).where(
        Transaction.owner_id == owner_id, Transaction.change_number > since, Transaction.removed_at.is_not(None)
    )
    statement = select(BankCharge.transaction_id).where(
        BankCharge.owner_id == owner_id, BankCharge.transaction_id.in_(removed)
    )
    return (await session.scalars(statement)).all()


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the charges on a connection's accounts (R35)."""
    accounts = select(Account.id).where(Account.owner_id == owner_id, Account.connection_id == connection_id)
    rows = select(Transaction.id).where(Transaction.owner_id == owner_id, Transaction.account_id.in_(accounts))
    await session.execute(
        delete(BankCharge).where(BankCharge.owner_id == owner_id, BankCharge.transaction_id.in_(rows))
    )
