"""SQL of rules, and of what they are applied to."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.category_rules.models import CategoryRule


async def count_with_category(session: AsyncSession, owner_id: UUID, category_id: str) -> int:
    """Return how many rules put transactions into the category."""
    statement = select(func.count()).where(CategoryRule.owner_id == owner_id, CategoryRule.category_id == category_id)
    return (await session.execute(statement)).scalar_one()


async def give_category(
    session: AsyncSession, owner_id: UUID, *, from_id: str, to_id: str | None, change_number: int
) -> None:
    """Let the rules that put transactions into one category put them into the other."""
    await session.execute(
        update(CategoryRule)
        .where(CategoryRule.owner_id == owner_id, CategoryRule.category_id == from_id)
        .values(category_id=to_id, change_number=change_number, updated_at=func.now())
    )
