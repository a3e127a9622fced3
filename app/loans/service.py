"""Use cases of loans, each inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.loans import repository
from app.loans.models import Loan
from app.loans.repository import LoanOfConnection
from app.mirror import Source
from app.mirror import mirror as bring_up


async def list_page(
    session: AsyncSession,
    owner_id: UUID,
    *,
    connection_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[LoanOfConnection]:
    """Return loans with their connections, oldest first, strictly after the key (created_at, id)."""
    return await repository.list_page(session, owner_id, connection_id=connection_id, after=after, limit=limit)


async def mirror(
    session: AsyncSession, owner_id: UUID, connection_id: UUID, sources: Sequence[Source], *, is_whole: bool
) -> None:
    """Bring the connection's loans up to date; equal ones are not written."""
    await bring_up(session, Loan, {"owner_id": owner_id, "connection_id": connection_id}, sources, is_whole=is_whole)
