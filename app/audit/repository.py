"""The audit trail in the database: the service's role may only insert."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AuditEntry


async def add(session: AsyncSession, row: dict[str, Any]) -> None:
    """Insert one entry."""
    await session.execute(insert(AuditEntry).values(row))
