"""What an owner's tables let go of, and what stays."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.clock import utc_now
from app.database import transaction
from app.ids import new_id
from app.resources import Resources
from app.retention.flow import prune_owner
from app.settings import SettingsError
from tests.factories import make_account, make_connection, make_revision, make_transaction
from tests.http_support import make_settings
from tests.retention.support import id_of, ids_in, put


async def make_event(resources: Resources, owner_id: UUID, *, days: float, sequence: int) -> UUID:
    event_id = id_of(days)
    at = utc_now() - timedelta(days=days)
    await put(
        resources, "events", owner_id, id=event_id, type="sync.completed", sequence=sequence, data={}, created_at=at
    )
    return event_id


async def make_endpoint(resources: Resources, owner_id: UUID) -> UUID:
    endpoint_id = new_id()
    row = {"url": "https://example.com/", "event_types": [], "secret": b"", "change_number": 1}
    await put(resources, "webhook_endpoints", owner_id, id=endpoint_id, **row)
    return endpoint_id


async def test_events_are_replayed_for_90_days(resources: Resources, owner_id: UUID) -> None:
    """R66"""
    young = await make_event(resources, owner_id, days=89.9, sequence=2)
    await make_event(resources, owner_id, days=90.1, sequence=1)

    await prune_owner(resources, owner_id)

    assert await ids_in(resources, "events", owner_id) == {young}


async def test_deliveries_are_told_of_for_30_days_and_pending_ones_until_they_end(
    resources: Resources, owner_id: UUID
) -> None:
    endpoint = await make_endpoint(resources, owner_id)
    expected = set()
    for sequence, (days, status, stays) in enumerate(
        [(29, "succeeded", True), (31, "succeeded", False), (31, "failed", False), (31, "pending", True)]
    ):
        event = await make_event(resources, owner_id, days=days, sequence=sequence)
        row: dict[str, Any] = {"id": id_of(days), "endpoint_id": endpoint, "event_id": event, "status": status}
        await put(resources, "webhook_deliveries", owner_id, **row)
        expected |= {row["id"]} if stays else set()

    await prune_owner(resources, owner_id)

    assert await ids_in(resources, "webhook_deliveries", owner_id) == expected
    assert len(await ids_in(resources, "events", owner_id)) == 4


async def test_old_runs_go_with_their_accounts_and_each_connection_keeps_its_last(
    resources: Resources, owner_id: UUID
) -> None:
    async with transaction(resources.sessions, owner_id) as session:
        quiet, busy = [await make_connection(session, owner_id) for _ in range(2)]
        account = await make_account(session, owner_id, busy.id)
    last_of_quiet, old, young = id_of(400), id_of(200), id_of(100)
    ended: dict[str, Any] = {"trigger": "schedule", "status": "succeeded", "finished_at": utc_now()}
    for run_id, connection in ((last_of_quiet, quiet), (old, busy), (young, busy)):
        await put(resources, "sync_runs", owner_id, id=run_id, connection_id=connection.id, **ended)
        if connection is busy:
            await put(resources, "sync_run_accounts", owner_id, run_id=run_id, account_id=account.id)

    await prune_owner(resources, owner_id)

    assert await ids_in(resources, "sync_runs", owner_id) == {last_of_quiet, young}
    assert len(await ids_in(resources, "sync_run_accounts", owner_id)) == 1


async def test_a_removed_row_stays_longer_than_any_cursor_of_the_feed(
    resources: Resources, owner_id: UUID, client: httpx.AsyncClient
) -> None:
    """R23, R66: 90 days after it was given, a cursor still hears of every removal since."""
    now = utc_now()
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        account = await make_account(session, owner_id, connection.id)
        told = await make_transaction(
            session, owner_id, account.id, change_number=2, removed_at=now - timedelta(days=91)
        )
        gone = await make_transaction(session, owner_id, account.id, removed_at=now - timedelta(days=121))
        held = await make_transaction(session, owner_id, account.id)
        for row in (told, gone, held):
            await make_revision(session, owner_id, row.id)

    await prune_owner(resources, owner_id)

    assert await ids_in(resources, "transactions", owner_id) == {told.id, held.id}
    assert len(await ids_in(resources, "transaction_revisions", owner_id)) == 2


async def test_kept_answers_go_when_they_expire(resources: Resources, owner_id: UUID) -> None:
    """R60, R66"""
    now = utc_now()
    for name, hours in ((b"over", -1), (b"live", 1)):
        row = {"key_hash": name, "request_hash": b"", "held_until": now, "expires_at": now + timedelta(hours=hours)}
        await put(resources, "idempotency_keys", owner_id, id=new_id(), **row)

    await prune_owner(resources, owner_id)

    assert len(await ids_in(resources, "idempotency_keys", owner_id)) == 1


async def test_one_owners_pruning_touches_nobody_else(
    resources: Resources, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53"""
    await make_event(resources, other_owner_id, days=200, sequence=1)

    await prune_owner(resources, owner_id)

    assert len(await ids_in(resources, "events", other_owner_id)) == 1


@pytest.mark.parametrize(
    ("name", "days"),
    [("inbox", 31), ("events", 89), ("deliveries", 29), ("runs", 29), ("tombstones", 90), ("audit", 1826)],
)
def test_no_setting_breaks_what_was_promised(name: str, days: int) -> None:
    """R66, R69: the inbox at most 30 days, the feed 90, the audit trail five years."""
    with pytest.raises(SettingsError, match=f"RETENTION_{name.upper()}_DAYS"):
        make_settings(**{f"retention_{name}_days": days})
