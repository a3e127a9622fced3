"""Reading Pluggy's tree."""

from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.categories import repository
from app.categories.built_in import NAMES, parent_of
from app.clock import utc_now
from app.database import in_transaction
from app.pluggy.ledger_models import Category
from app.resources import Resources

log = structlog.get_logger()

EVERY: Final = timedelta(hours=24)


async def renew_tree(resources: Resources) -> None:
    """Keep Pluggy's tree as it is now; an empty answer changes nothing. Raises PluggyError."""
    found: dict[str, dict[str, Any]] = {}
    async for page in resources.pluggy.iter_category_pages():
        for category in page.results:
            if len(category.id) == 8 and category.id.isdigit():
                found[category.id] = _row(category)
    if not found:
        return

    async def replace(session: AsyncSession) -> None:
        await repository.replace_tree(session, list(found.values()), read_at=utc_now())

    await in_transaction(resources.sessions, None, replace)
    log.info("category_tree_renewed", categories=len(found))


def _row(category: Category) -> dict[str, Any]:
    known = NAMES.get(category.id)
    name = category.description or (known.name if known else category.id)
    return {
        "id": category.id,
        "parent_id": category.parent_id or parent_of(category.id),
        "name": name,
        "name_pt": category.description_translated or (known.name_pt if known else name),
    }
