"""What a scrape reads from PostgreSQL: bounded by what is due and dead, however much is owed for later."""

from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

COUNTED: Final = 10_000
_READ: Final = text(
    """
    SELECT wanted.kind, due.owed AS due, due.late_seconds, dead.owed AS dead
    FROM unnest(CAST(:kinds AS text[])) AS wanted (kind)
    CROSS JOIN LATERAL (
        SELECT count(*) AS owed, extract(epoch FROM now() - min(due_at)) AS late_seconds
        FROM (SELECT due_at FROM owed_work WHERE kind = wanted.kind AND due_at <= now()
              ORDER BY due_at LIMIT :counted) AS counted
    ) AS due
    CROSS JOIN LATERAL (
        SELECT count(*) AS owed
        FROM (SELECT 1 FROM owed_work WHERE kind = wanted.kind AND due_at = 'infinity' LIMIT :counted) AS counted
    ) AS dead
    """
)


class OwedNow(NamedTuple):
    """How one kind of owed work stands."""

    kind: str
    due: int
    late_seconds: float
    dead: int


async def read_owed(session: AsyncSession, kinds: list[str]) -> list[OwedNow]:
    """Return how each of these kinds stands, counted up to `COUNTED`, by the database's clock."""
    rows = await session.execute(_READ, {"kinds": kinds, "counted": COUNTED})
    return [OwedNow(row.kind, row.due, float(row.late_seconds or 0), row.dead) for row in rows]
