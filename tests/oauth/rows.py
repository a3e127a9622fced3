"""What tests read and change behind the service."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.database import Sessions, transaction


async def change(sessions: Sessions, statement: str, **values: object) -> None:
    """Change a control table from behind."""
    async with transaction(sessions, None) as session:
        await session.execute(text(statement), values)


async def end_watch(sessions: Sessions, owner_id: UUID) -> None:
    """Let POLL_TIMEOUT_SECONDS pass."""
    async with transaction(sessions, owner_id) as session:
        await session.execute(text("UPDATE connections SET poll_deadline_at = now()"))
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE kind = 'poll'"))


async def event_types(sessions: Sessions, owner_id: UUID) -> list[str]:
    """The owner's events so far."""
    async with transaction(sessions, owner_id) as session:
        return list((await session.execute(text("SELECT type FROM events ORDER BY sequence"))).scalars())


async def one(sessions: Sessions, owner_id: UUID | None, query: str, **values: object) -> Any:
    """The single value of a query, as this owner."""
    async with transaction(sessions, owner_id) as session:
        return (await session.execute(text(query), values)).scalar_one()
