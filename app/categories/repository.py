"""SQL of categories."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.categories.models import Category, PluggyCategory


async def tree(session: AsyncSession) -> Sequence[PluggyCategory]:
    """Return Pluggy's tree as it was last read; empty before the first time."""
    return (await session.execute(select(PluggyCategory))).scalars().all()


async def replace_tree(session: AsyncSession, rows: Sequence[dict[str, Any]], *, read_at: datetime) -> None:
    """Write the tree where it differs, and forget what it no longer has."""
    new = insert(PluggyCategory).values([{**row, "read_at": read_at} for row in rows])
    told = {name: getattr(new.excluded, name) for name in ("parent_id", "name", "name_pt", "read_at")}
    await session.execute(new.on_conflict_do_update(index_elements=["id"], set_=told))
    await session.execute(delete(PluggyCategory).where(PluggyCategory.read_at < read_at))


async def own(session: AsyncSession, owner_id: UUID) -> Sequence[Category]:
    """Return the owner's own categories."""
    statement = select(Category).where(Category.owner_id == owner_id).order_by(func.lower(Category.name), Category.id)
    return (await session.execute(statement)).scalars().all()


async def move_children(session: AsyncSession, category: Category, *, change_number: int) -> None:
    """Let the categories right below this one stand where it stands."""
    await session.execute(
        update(Category)
        .where(Category.owner_id == category.owner_id, Category.parent_id == str(category.id))
        .values(parent_id=category.parent_id, change_number=change_number, updated_at=func.now())
    )
