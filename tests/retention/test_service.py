"""What the service's own tables let go of."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from app.clock import utc_now
from app.database import transaction
from app.jobs import Kind
from app.metrics import instruments
from app.owed import add
from app.owners import service as owners
from app.resources import Resources
from app.retention import repository
from app.retention.flow import prune_service
from app.webhooks.models import EventStatus
from tests.retention.support import id_of, ids_in, put
from tests.webhooks.support import inbox_rows, owed_refs
from worker.job import Runner


async def keep(resources: Resources, *, days: float, status: EventStatus = EventStatus.HANDLED) -> UUID:
    """An event that came so many days ago, with what it owes."""
    row_id = id_of(days)
    event = {"event_id": str(uuid4()), "event": "item/updated", "item_id": uuid4(), "body": b"{}", "status": status}
    await put(resources, "webhook_events", None, id=row_id, **event)
    async with transaction(resources.sessions, None) as session:
        await add(session, Kind.WEBHOOK, None, row_id)
    return row_id


async def test_orphans_are_given_up_after_7_days_and_events_forgotten_after_30(resources: Resources) -> None:
    """R4, R66"""
    young = await keep(resources, days=6.9, status=EventStatus.ORPHAN)
    old = await keep(resources, days=7.1, status=EventStatus.ORPHAN)
    handled = await keep(resources, days=29.9)
    await keep(resources, days=30.1)
    await keep(resources, days=31, status=EventStatus.PENDING)

    await prune_service(resources)

    kept = {row.id: (row.status, row.note) for row in await inbox_rows(resources.sessions)}
    assert kept == {
        handled: ("handled", None),
        old: ("ignored", "no connection within 7 days"),
        young: ("orphan", None),
    }
    assert await owed_refs(resources.sessions) == set(kept)


async def test_what_is_past_its_time_goes_batch_by_batch(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "BATCH", 2)
    for _ in range(5):
        await keep(resources, days=31)
    young = await keep(resources, days=1)
    before = instruments.value("banking_rows_pruned_total", table="webhook_events")

    await prune_service(resources)

    assert await ids_in(resources, "webhook_events", None) == {young}
    assert instruments.value("banking_rows_pruned_total", table="webhook_events") == before + 5


async def test_addresses_of_rejected_deliveries_go_after_30_days(resources: Resources) -> None:
    """R66: an address is personal data."""
    young, old = id_of(29), id_of(31)
    for row_id in (young, old):
        await put(resources, "webhook_rejections", None, id=row_id, reason="bad_proof", address="192.0.2.7")

    await prune_service(resources)

    assert await ids_in(resources, "webhook_rejections", None) == {young}


async def test_states_of_long_ended_visits_go(resources: Resources, owner_id: UUID) -> None:
    now = utc_now()
    for state, days in ((b"young", 29), (b"old", 31)):
        flow = {"connection_id": uuid4(), "expires_at": now - timedelta(days=days)}
        await put(resources, "oauth_flows", owner_id, state_hash=state, **flow)

    await prune_service(resources)

    assert await ids_in(resources, "oauth_flows", None) == {b"young"}


async def _audited(admin: "asyncpg.Connection[Any]") -> set[str]:
    return {row["actor"] for row in await admin.fetch("SELECT actor FROM audit_entries")}


async def test_the_audit_trail_stays_five_years_whatever_the_service_asks(
    resources: Resources, superuser_url: str
) -> None:
    """R69"""
    admin = await asyncpg.connect(superuser_url)
    for actor, days in (("old", 1830), ("young", 1820)):
        values = (id_of(days), actor, utc_now() - timedelta(days=days))
        await admin.execute(
            "INSERT INTO audit_entries (id, actor, act, created_at) VALUES ($1, $2, 'work.redriven', $3)", *values
        )
    async with transaction(resources.sessions, None) as session:
        asked = await session.scalar(text("SELECT prune_audit_entries(:all, 0)"), {"all": UUID(int=2**128 - 1)})
        assert asked == 0

    await prune_service(resources)
    after = await _audited(admin)
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("SELECT prune_audit_entries(:all, 1000)"), {"all": UUID(int=2**128 - 1)})
    at_worst = await _audited(admin)
    await admin.close()

    assert after == at_worst == {"young"}


async def test_the_work_comes_back_every_hour_for_the_service_and_every_day_for_each_owner(
    resources: Resources, runner: Runner
) -> None:
    async with transaction(resources.sessions, None) as session:
        owner_id = await owners.get_or_create(session, "https://issuer.example", "new")
        await add(session, Kind.PRUNE, None, UUID(int=0))
        await session.execute(text("UPDATE owed_work SET due_at = now()"))

    await runner.settle()

    async with transaction(resources.sessions, None) as session:
        owed = await session.execute(text("SELECT ref_id, due_at - now() FROM owed_work WHERE kind = 'prune'"))
        waits = {row[0]: row[1] for row in owed}
    assert timedelta(minutes=59) < waits[UUID(int=0)] <= timedelta(hours=1)
    assert timedelta(hours=21) < waits[owner_id] < timedelta(hours=27)
