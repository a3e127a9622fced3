"""Deletions at Pluggy."""

from uuid import UUID

from app.connections import flow
from app.jobs import Kind
from app.resources import Resources
from worker.job import job


@job(Kind.DELETION)
async def delete_connection(resources: Resources, owner_id: UUID, deletion_id: UUID) -> None:
    """Have Pluggy delete the item of a deleted connection, until it says that the item is gone."""
    await flow.delete_upstream(resources, owner_id, deletion_id)
