"""Meaning that could not be derived at the end of a run."""

from uuid import UUID

from app.database import in_transaction
from app.derived.service import derive
from app.jobs import Kind
from app.resources import Resources
from worker.job import job


@job(Kind.DERIVATION)
async def derive_meaning(resources: Resources, owner_id: UUID, _: UUID) -> None:
    """Derive what the owner's runs left behind."""
    await in_transaction(resources.sessions, owner_id, lambda session: derive(session, owner_id, resources.vault))
