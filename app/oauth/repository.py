"""SQL of authorisations. A control table, so the owner stands in every statement that has one (R53)."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.oauth.models import OAuthFlow

KEPT = timedelta(days=7)
"""How long an expired state is remembered, so that a late landing still gets its page."""


async def add(session: AsyncSession, flow: OAuthFlow) -> None:
    """Insert a flow, and forget the owner's long expired ones."""
    await session.execute(
        delete(OAuthFlow).where(OAuthFlow.owner_id == flow.owner_id, OAuthFlow.expires_at < func.now() - KEPT)
    )
    session.add(flow)
    await session.flush()


async def find(session: AsyncSession, state_hash: bytes) -> OAuthFlow | None:
    """Return the flow of a state."""
    return await session.get(OAuthFlow, state_hash)


async def find_newest(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> OAuthFlow | None:
    """Return the connection's newest flow."""
    statement = (
        select(OAuthFlow)
        .where(OAuthFlow.owner_id == owner_id, OAuthFlow.connection_id == connection_id)
        .order_by(OAuthFlow.created_at.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def use(session: AsyncSession, flow: OAuthFlow) -> bool:
    """Use the state up; False when it is expired, or whoever came first has used it (R59)."""
    statement = (
        update(OAuthFlow)
        .where(OAuthFlow.state_hash == flow.state_hash, OAuthFlow.used_at.is_(None), OAuthFlow.expires_at > func.now())
        .values(used_at=func.now())
        .returning(OAuthFlow.state_hash)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def drop_of_connection(session: AsyncSession, owner_id: UUID, connection_id: UUID) -> None:
    """Forget the flows of a connection."""
    await session.execute(
        delete(OAuthFlow).where(OAuthFlow.owner_id == owner_id, OAuthFlow.connection_id == connection_id)
    )
