"""SQL of accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.connections.models import BankConnection


def _visible(owner_id: UUID) -> ColumnElement[bool]:
    return (Account.owner_id == owner_id) & Account.removed_at.is_(None)


def _with_connection(owner_id: UUID) -> Select[Account, str]:
    return (
        select(Account, BankConnection.institution_name)
        .join(
            BankConnection,
            (BankConnection.owner_id == Account.owner_id) & (BankConnection.id == Account.connection_id),
        )
        .where(_visible(owner_id), BankConnection.owner_id == owner_id, BankConnection.deleting_at.is_(None))
    )


async def find(session: AsyncSession, owner_id: UUID, account_id: UUID) -> tuple[Account, str] | None:
    """Return the account and the name of its institution."""
    row = (await session.execute(_with_connection(owner_id).where(Account.id == account_id))).one_or_none()
    return None if row is None else (row[0], row[1])


async def of_connection(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> Sequence[Account]:
    """Return all accounts of a connection, removed ones included."""
    statement = select(Account).where(Account.owner_id == owner_id, Account.connection_id == connection_id)
    return (await session.execute(statement)).scalars().all()


async def find_elsewhere(
    session: AsyncSession,
    owner_id: UUID,
    connection: BankConnection,
    *,
    number_hashes: Sequence[bytes],
    account_type: str,
    currency_code: str,
) -> Sequence[tuple[Account, BankConnection]]:
    """Return the owner's accounts with this number at the same institution under other connections."""
    statement = (
        select(Account, BankConnection)
        .join(
            BankConnection,
            (BankConnection.owner_id == Account.owner_id) & (BankConnection.id == Account.connection_id),
        )
        .where(
            _visible(owner_id),
            Account.number_hash.in_(number_hashes),
            Account.type == account_type,
            Account.currency_code == currency_code,
            Account.connection_id != connection.id,
            or_(
                BankConnection.connector_id == connection.connector_id,
                BankConnection.institution_name == connection.institution_name,
            ),
            BankConnection.deleting_at.is_(None),
        )
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def set_read(
    session: AsyncSession, owner_id: UUID, account_id: UUID, *, newest_created_at: datetime | None, is_deep: bool
) -> None:
    """Note how far the account has been read; the watermark only moves forward."""
    of_account = update(Account).where(Account.owner_id == owner_id, Account.id == account_id)
    if newest_created_at is not None:
        is_news = or_(Account.watermark_at.is_(None), Account.watermark_at < newest_created_at)
        await session.execute(of_account.where(is_news).values(watermark_at=newest_created_at))
    if is_deep:
        await session.execute(of_account.values(deep_read_at=func.now()))


async def doubt(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Have the connection's accounts read whole at the next run."""
    await session.execute(
        update(Account)
        .where(Account.owner_id == owner_id, Account.connection_id == connection_id)
        .values(deep_read_at=None)
    )


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID, *, change_number: int) -> None:
    """Forget what is personal in the connection's accounts; their ids stay."""
    await session.execute(
        update(Account)
        .where(Account.owner_id == owner_id, Account.connection_id == connection_id)
        .values(
            name="",
            marketing_name=None,
            alias=None,
            number=None,
            number_hash=None,
            number_masked=None,
            balance=None,
            balance_raw=None,
            details={},
            removed_at=func.coalesce(Account.removed_at, func.now()),
            change_number=change_number,
        )
    )
