"""Categories: Pluggy's tree, and rules over the past."""

from datetime import timedelta
from uuid import UUID

from app.categories import flow
from app.jobs import Kind
from app.resources import Resources
from worker.job import job


@job(Kind.CATEGORY_TREE)
async def renew_category_tree(resources: Resources, _: None, __: UUID) -> timedelta:
    """Read Pluggy's categories once a day."""
    await flow.renew_tree(resources)
    return flow.EVERY
