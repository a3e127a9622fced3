"""SQL of investments and loans, which hang on their connection alike."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.models import Account
from app.connections.models import BankConnection
from app.holdings.models import Holding, Investment, Loan


class OfConnection(NamedTuple):
    """A holding, and the connection that brings it."""

    row: Holding
    connection: BankConnection


class Elsewhere(NamedTuple):
    """A holding of another connection, and whether that connection is the newer one."""

    row: Holding
    is_newer: bool


async def list_page(
    session: AsyncSession,
    kind: type[Holding],
    owner_id: UUID,
    *,
    connection_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[OfConnection]:
    """Return holdings of that kind with their connections, oldest first, strictly after the key (created_at, id)."""
    statement = (
        select(kind, BankConnection)
        .join(BankConnection, (BankConnection.owner_id == kind.owner_id) & (BankConnection.id == kind.connection_id))
        .where(kind.owner_id == owner_id, BankConnection.owner_id == owner_id, BankConnection.deleting_at.is_(None))
    )
    if connection_id is not None:
        statement = statement.where(kind.connection_id == connection_id)
    if after is not None:
        statement = statement.where(tuple_(kind.created_at, kind.id) > after)
    rows = await session.execute(statement.order_by(kind.created_at, kind.id).limit(limit))
    return [OfConnection(*row) for row in rows]


async def known(session: AsyncSession, kind: type[Holding], owner_id: UUID, connection_id: UUID) -> set[UUID]:
    """Return Pluggy's ids of what the connection holds."""
    statement = select(kind.pluggy_id).where(kind.owner_id == owner_id, kind.connection_id == connection_id)
    return set(await session.scalars(statement))


async def find_elsewhere(
    session: AsyncSession, kind: type[Holding], owner_id: UUID, connection_id: UUID
) -> Sequence[Elsewhere]:
    """Return what the connections hold whose accounts this one took over, or that took over this one's."""
    this = aliased(BankConnection)
    statement = (
        select(kind, BankConnection.created_at > this.created_at)
        .join(BankConnection, (BankConnection.owner_id == kind.owner_id) & (BankConnection.id == kind.connection_id))
        .join(this, (this.owner_id == kind.owner_id) & (this.id == connection_id))
        .where(
            kind.owner_id == owner_id,
            kind.connection_id != connection_id,
            BankConnection.deleting_at.is_(None),
            or_(
                BankConnection.connector_id == this.connector_id,
                BankConnection.institution_name == this.institution_name,
            ),
            or_(_was_replaced(BankConnection, this), _was_replaced(this, BankConnection)),
        )
    )
    return [Elsewhere(*row) for row in await session.execute(statement)]


def _was_replaced(old: type[BankConnection], new: type[BankConnection]) -> ColumnElement[bool]:
    """Tell whether `old` has no account left and `new` has one that is older than itself: a taken-over one."""
    return and_(
        old.created_at < new.created_at,
        ~exists().where(
            Account.owner_id == old.owner_id, Account.connection_id == old.id, Account.removed_at.is_(None)
        ),
        exists().where(
            Account.owner_id == new.owner_id, Account.connection_id == new.id, Account.created_at < new.created_at
        ),
    )


async def purge(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the holdings of a connection (R35)."""
    for kind in (Investment, Loan):
        await session.execute(delete(kind).where(kind.owner_id == owner_id, kind.connection_id == connection_id))
