"""Use cases of investments and loans, each inside the caller's transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.holdings.models import Holding
from app.holdings.repository import OfConnection, list_page
from app.mirror import Source
from app.mirror import mirror as bring_up

__all__ = ["OfConnection", "list_page", "mirror"]


async def mirror(
    session: AsyncSession,
    kind: type[Holding],
    owner_id: UUID,
    connection_id: UUID,
    sources: Sequence[Source],
    *,
    is_whole: bool,
) -> None:
    """Bring the connection's holdings of that kind up to date; equal ones are not written."""
    await bring_up(session, kind, {"owner_id": owner_id, "connection_id": connection_id}, sources, is_whole=is_whole)
