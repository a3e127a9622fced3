"""Letting go of what was kept long enough: many short transactions, none of which holds anybody up."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import database_now, in_transaction, transaction
from app.metrics.instruments import ROWS_PRUNED
from app.resources import Resources
from app.retention import repository
from app.retention.rules import OF_OWNER, OF_SERVICE, Rule
from app.webhooks import service as webhooks

log = structlog.get_logger()

EVERY_HOUR: Final = timedelta(hours=1)
EVERY_DAY: Final = timedelta(days=1)


async def prune_service(resources: Resources) -> None:
    """Give up on orphans, and delete from the control tables and the audit trail what is past its time."""
    await in_transaction(resources.sessions, None, webhooks.give_up_orphans)
    await _prune(resources, None, OF_SERVICE)
    async with transaction(resources.sessions, None) as session:
        now = await database_now(session)
    before = now - timedelta(days=resources.settings.retention.audit_days)
    await _repeat(
        resources, None, "audit_entries", lambda session: repository.delete_audit_batch(session, before=before)
    )


async def prune_owner(resources: Resources, owner_id: UUID) -> None:
    """Delete from one owner's tables what is past its time."""
    await _prune(resources, owner_id, OF_OWNER)


async def _prune(resources: Resources, owner_id: UUID | None, rules: tuple[Rule, ...]) -> None:
    async with transaction(resources.sessions, None) as session:
        now = await database_now(session)
    for rule in rules:
        before = now - timedelta(days=rule.keep(resources.settings.retention))

        async def delete(session: AsyncSession, rule: Rule = rule, before: datetime = before) -> int:
            return await repository.delete_batch(session, rule, owner_id, before=before)

        await _repeat(resources, owner_id, rule.table, delete)


async def _repeat(
    resources: Resources, owner_id: UUID | None, table: str, delete: Callable[[AsyncSession], Awaitable[int]]
) -> None:
    deleted = part = await in_transaction(resources.sessions, owner_id, delete)
    while part == repository.BATCH:
        part = await in_transaction(resources.sessions, owner_id, delete)
        deleted += part
    if deleted:
        ROWS_PRUNED.labels(table).inc(deleted)
        log.info("rows_pruned", table=table, rows=deleted)
