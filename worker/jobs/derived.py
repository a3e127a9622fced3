"""Meaning that was not derived at the end of a run: it was much, or it failed."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.database import in_transaction
from app.derived.flow import derive
from app.insights.service import refresh_or_leave
from app.jobs import Kind
from app.resources import Resources
from worker.job import job


@job(Kind.DERIVATION)
async def derive_meaning(resources: Resources, owner_id: UUID, _: UUID) -> None:
    """Derive what the owner's runs left behind, and find what is worth telling."""

    await derive(resources.sessions, owner_id, resources.vault)

    async def tell(session: AsyncSession) -> None:
        await refresh_or_leave(session, owner_id, now=utc_now())

    await in_transaction(resources.sessions, owner_id, tell)
