"""Finding by reading what webhooks may have missed: every connection is read once, spread over time (R31)."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_OWE_ALL = text(
    """
    WITH held AS (SELECT count(*) * interval '50 milliseconds' AS span FROM item_owners)
    INSERT INTO owed_work (kind, ref_id, owner_id, due_at)
    SELECT 'reconcile', connection_id, owner_id, now() + random() * least(held.span, interval '1 hour')
    FROM item_owners, held
    ON CONFLICT (kind, ref_id) DO NOTHING
    """
)


async def owe_all(session: AsyncSession) -> None:
    """Owe one reading of every connection, at most 20 a second; one that is owed already stays so."""
    await session.execute(_OWE_ALL)
