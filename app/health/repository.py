"""What readiness reads."""

from sqlalchemy import column, func, select, table
from sqlalchemy.ext.asyncio import AsyncSession

_ALEMBIC_VERSION = table("alembic_version", column("version_num"))
_OWED_WORK = table("owed_work", column("due_at"))


async def find_revision(session: AsyncSession) -> str | None:
    """Return the migration that the database stands at."""
    return await session.scalar(select(_ALEMBIC_VERSION.c.version_num))


async def find_oldest_owed_seconds(session: AsyncSession) -> float | None:
    """Return for how long the oldest due work has been waiting, by the database's clock; None when nothing is due."""
    waiting = func.extract("epoch", func.now() - func.min(_OWED_WORK.c.due_at))
    seconds = await session.scalar(select(waiting).where(_OWED_WORK.c.due_at <= func.now()))
    return None if seconds is None else float(seconds)
