"""Operators at one connection: how it stands, a run now, and taking in an item that is older than this service."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.service import record_act
from app.clock import utc_now
from app.connections import service
from app.connections.errors import ConnectionNotFound, ItemNotFound, SandboxItemRefused
from app.connections.mapping import item_columns
from app.connections.models import BankConnection, ItemOwner
from app.connections.status import Verdict, judge
from app.database import transaction
from app.operations.report import Report, pairs, table
from app.owed import OwedWork
from app.owners import service as owners
from app.pluggy.errors import PluggyNotFound
from app.resources import Resources
from app.sync import service as sync
from app.sync.models import SyncTrigger
from app.webhooks import repository as inbox
from app.webhooks import service as webhooks

QUOTA_WARNING = "423"
_RUNS = 5
_LISTED = 50


async def find_holder(resources: Resources, reference: UUID) -> ItemOwner:
    """Return who holds the connection of that id, or of that item. Raises ConnectionNotFound."""
    statement = select(ItemOwner).where((ItemOwner.connection_id == reference) | (ItemOwner.item_id == reference))
    async with transaction(resources.sessions, None) as session:
        holder = (await session.execute(statement.limit(1))).scalar_one_or_none()
    if holder is None:
        raise ConnectionNotFound(reference)
    return holder


async def list_newest(resources: Resources) -> Report:
    """The newest connections of all owners that have an item, and how they stand."""
    async with transaction(resources.sessions, None) as session:
        newest = select(ItemOwner).order_by(ItemOwner.created_at.desc(), ItemOwner.item_id).limit(_LISTED)
        holders = (await session.execute(newest)).scalars().all()
    rows = []
    for holder in holders:
        async with transaction(resources.sessions, holder.owner_id) as session:
            connection = await service.find(session, holder.owner_id, holder.connection_id)
        if connection is not None:
            verdict = judge(connection, utc_now())
            asked = verdict.action and verdict.action.kind
            last_read = connection.last_read_at
            rows.append((connection.id, holder.owner_id, connection.institution_name, verdict.health, asked, last_read))
    return Report(table(("CONNECTION", "OWNER", "BANK", "HEALTH", "ACTION", "LAST READ"), rows))


async def show(resources: Resources, reference: UUID) -> Report:
    """How a connection stands, its last runs, and what is owed to it. Raises ConnectionNotFound."""
    holder = await find_holder(resources, reference)
    owner_id, connection_id = holder.owner_id, holder.connection_id
    async with transaction(resources.sessions, owner_id) as session:
        connection = await service.get(session, owner_id, connection_id)
        runs = await sync.list_runs(session, owner_id, connection_id, before=None, limit=_RUNS)
        events = await inbox.list_events(session, item_id=holder.item_id, limit=_RUNS)
        work = await _owed(session, connection_id, [run.id for run in runs])
    verdict = judge(connection, utc_now())
    ran = [(run.id, run.created_at, run.trigger, run.status, run.fetched, run.inserted, run.error_code) for run in runs]
    return Report(
        [
            *_standing(connection, verdict),
            "",
            *table(("RUN", "AT", "TRIGGER", "STATUS", "FETCHED", "NEW", "ERROR"), ran),
            "",
            *table(("EVENT", "RECEIVED", "STATUS"), [(each.event, each.received_at, each.status) for each in events]),
            "",
            *table(("OWED", "DUE", "ATTEMPTS", "LAST ERROR"), work),
        ],
        is_well=not verdict.is_failed,
    )


def _standing(connection: BankConnection, verdict: Verdict) -> list[str]:
    return pairs(
        connection=connection.id,
        owner=connection.owner_id,
        item=connection.item_id,
        connector=f"{connection.connector_id} {connection.institution_name}",
        status=f"{connection.status} {connection.execution_status or ''}".strip(),
        health=verdict.health,
        error=connection.error_code,
        action=verdict.action and f"{verdict.action.kind}: {verdict.action.user_message('en')}",
        last_read=connection.last_read_at,
        next_read=connection.next_sync_at,
        bank_visited=connection.item_updated_at,
        consent_expires=connection.consent_expires_at,
        consent_revoked=connection.consent_revoked_at,
        retries=connection.retries_used,
        quota_reached=", ".join(_over_quota(connection.status_detail)),
    )


def _over_quota(status_detail: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the products whose monthly Open Finance quota is used up; they keep their earlier data."""
    for product, state in (status_detail or {}).items():
        if any(warning.get("code") == QUOTA_WARNING for warning in (state or {}).get("warnings") or ()):
            yield product


async def _owed(session: AsyncSession, connection_id: UUID, run_ids: list[UUID]) -> list[tuple[object, ...]]:
    columns = (OwedWork.kind, OwedWork.due_at, OwedWork.attempts, OwedWork.last_error)
    rows = await session.execute(select(*columns).where(OwedWork.ref_id.in_([connection_id, *run_ids])))
    return [tuple(row) for row in rows]


async def request_sync(resources: Resources, reference: UUID, *, actor: str) -> Report:
    """Queue a run: it only reads, the bank is not visited. Raises ConnectionNotFound."""
    holder = await find_holder(resources, reference)
    async with transaction(resources.sessions, holder.owner_id) as session:
        run = await sync.request_sync(session, holder.owner_id, holder.connection_id, trigger=SyncTrigger.API)
        await record_act(
            session,
            "connection.sync_requested",
            actor=actor,
            owner_id=holder.owner_id,
            subject_id=holder.connection_id,
        )
    return Report([f"Run {run.id} is queued; follow it: banking connections show {holder.connection_id}"])


async def adopt(resources: Resources, item_id: UUID, owner_id: UUID, *, actor: str) -> Report:
    """Take in an item made before this service, for an owner; Pluggy is asked whether there is such an item.

    Raises ItemNotFound when Pluggy has none, another owner holds it, or it is labelled as another owner's;
    SandboxItemRefused, ConnectionBeingDeleted, PluggyError.
    """
    try:
        item = await resources.pluggy.get_item(item_id)
    except PluggyNotFound:
        raise ItemNotFound(item_id) from None
    if item.connector and item.connector.is_sandbox and not resources.settings.pluggy.use_sandbox:
        raise SandboxItemRefused
    async with transaction(resources.sessions, owner_id) as session:
        if not await owners.exists(session, owner_id):
            return Report([f"There is no owner {owner_id}: it is made by its first valid token."], is_well=False)
        if await _names_another_owner(session, item.client_user_id, owner_id):
            raise ItemNotFound(item_id)
        connection, is_new = await service.register(session, owner_id, item_id, item_columns(item))
        if is_new:
            await sync.request_sync(session, owner_id, connection.id, trigger=SyncTrigger.CONNECT)
            await webhooks.adopt_orphans(session, item_id)
            await record_act(
                session,
                "connection.adopted",
                actor=actor,
                owner_id=owner_id,
                subject_id=connection.id,
                details={"item_id": item_id},
            )
    done = "is adopted; its first sync is queued" if is_new else "was this owner's already"
    return Report([f"Item {item_id} {done}: connection {connection.id}."])


async def _names_another_owner(session: AsyncSession, client_user_id: str | None, owner_id: UUID) -> bool:
    try:
        named = UUID(client_user_id or "")
    except ValueError:
        return False
    return named != owner_id and await owners.exists(session, named)
