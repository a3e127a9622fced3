"""Rules over the past, part by part."""

from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.category_rules import service
from app.database import in_transaction
from app.resources import Resources

log = structlog.get_logger()


async def apply_rules(resources: Resources, owner_id: UUID, application_id: UUID) -> None:
    """Carry out an application from where it stopped. Safe to repeat: each part commits with its place."""

    async def apply_next(session: AsyncSession) -> bool:
        return await service.apply_next(session, owner_id, application_id)

    while not await in_transaction(resources.sessions, owner_id, apply_next):
        pass
    log.info("rules_applied", application_id=str(application_id))
