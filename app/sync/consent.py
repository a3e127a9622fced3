"""The consent behind a run: read and kept each time, because nothing tells of a revocation but looking (R34)."""

from contextlib import aclosing

from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import utc_now
from app.connections import service as connections
from app.consents import service as consents
from app.consents.validity import ConsentState
from app.database import in_transaction
from app.pluggy.models import Consent
from app.resources import Resources
from app.sync.service import Claim


async def read_consent(resources: Resources, claim: Claim) -> ConsentState:
    """Return how the connection's consent stands, after keeping what Pluggy shows of it. Raises ConnectionFenced."""
    found: list[Consent] = []
    pages = resources.pluggy.iter_consent_pages(claim.item_id)
    async with aclosing(pages):
        async for page in pages:
            found += page.results

    async def keep(session: AsyncSession) -> ConsentState:
        await connections.hold_fence(session, claim.owner_id, claim.connection_id, claim.fence)
        return await consents.record(session, claim.owner_id, claim.connection_id, found, utc_now())

    return await in_transaction(resources.sessions, claim.owner_id, keep)
