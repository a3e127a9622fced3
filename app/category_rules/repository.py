"""SQL of rules and of their applications."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.category_rules.models import CategoryRule, RuleApplication
from app.transactions.models import Transaction


async def list_all(session: AsyncSession, owner_id: UUID) -> Sequence[CategoryRule]:
    """Return the owner's rules in the order in which they count."""
    statement = select(CategoryRule).where(CategoryRule.owner_id == owner_id)
    return (await session.execute(statement.order_by(CategoryRule.position, CategoryRule.id))).scalars().all()


async def find(session: AsyncSession, owner_id: UUID, rule_id: UUID) -> CategoryRule | None:
    """Return one rule of the owner's."""
    statement = select(CategoryRule).where(CategoryRule.owner_id == owner_id, CategoryRule.id == rule_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_application(
    session: AsyncSession, owner_id: UUID, application_id: UUID, *, is_locked: bool = False
) -> RuleApplication | None:
    """Return one application of the owner's."""
    statement = select(RuleApplication).where(
        RuleApplication.owner_id == owner_id, RuleApplication.id == application_id
    )
    if is_locked:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def count_rows(session: AsyncSession, owner_id: UUID) -> int:
    """Return how many transactions the owner has."""
    statement = select(func.count()).where(Transaction.owner_id == owner_id, Transaction.removed_at.is_(None))
    return (await session.execute(statement)).scalar_one()


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
