"""Categories: Pluggy's tree, and rules over the past."""

from datetime import timedelta
from uuid import UUID

from app.categories import flow
from app.category_rules import flow as rules
from app.jobs import Kind
from app.resources import Resources
from worker.job import job


@job(Kind.CATEGORY_TREE)
async def renew_category_tree(resources: Resources, _: None, __: UUID) -> timedelta:
    """Read Pluggy's categories once a day."""
    await flow.renew_tree(resources)
    return flow.EVERY


@job(Kind.RULES)
async def apply_category_rules(resources: Resources, owner_id: UUID, application_id: UUID) -> None:
    """Let the owner's rules go over the past, some thousand rows at a time."""
    await rules.apply_rules(resources, owner_id, application_id)
