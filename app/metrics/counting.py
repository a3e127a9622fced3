"""Counting what a transaction did, once it is sure that it did."""

from collections.abc import Mapping

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import after_commit
from app.metrics.instruments import SYNC_ROWS, SYNC_RUNS


def count_on_commit(session: AsyncSession, counter: Counter, amount: float = 1) -> None:
    """Add to the counter after the commit; nothing is counted when the transaction is rolled back."""

    async def count() -> None:
        counter.inc(amount)

    after_commit(session, count)


def count_run(session: AsyncSession, status: str, totals: Mapping[str, int]) -> None:
    """Count a sync run that ends in this transaction, with what became of its rows."""
    count_on_commit(session, SYNC_RUNS.labels(status))
    for change, amount in totals.items():
        count_on_commit(session, SYNC_ROWS.labels(change), amount)
