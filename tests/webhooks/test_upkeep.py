"""What the inbox lets go of."""

from datetime import timedelta
from uuid import UUID, uuid4

from app.clock import utc_now
from app.database import transaction
from app.ids import new_id
from app.jobs import Kind
from app.owed import add
from app.resources import Resources
from app.webhooks.models import EventStatus, WebhookEvent
from app.webhooks.upkeep import first_id_at, prune_inbox
from tests.webhooks.support import inbox_rows, owed_refs


async def keep(resources: Resources, *, days: float, status: EventStatus) -> UUID:
    """An event that came so many days ago."""
    at = utc_now() - timedelta(days=days)
    row_id = UUID(int=first_id_at(at).int | (new_id().int & ((1 << 80) - 1)))
    async with transaction(resources.sessions, None) as session:
        row = WebhookEvent(
            id=row_id, event_id=str(uuid4()), event="item/updated", item_id=uuid4(), body=b"{}", status=status
        )
        session.add(row)
        await session.flush()
        await add(session, Kind.WEBHOOK, None, row_id)
    return row_id


async def test_orphans_are_given_up_after_7_days_and_events_forgotten_after_30(resources: Resources) -> None:
    """R4, R68"""
    young = await keep(resources, days=6.9, status=EventStatus.ORPHAN)
    old = await keep(resources, days=7.1, status=EventStatus.ORPHAN)
    handled = await keep(resources, days=29.9, status=EventStatus.HANDLED)
    await keep(resources, days=30.1, status=EventStatus.HANDLED)
    await keep(resources, days=31, status=EventStatus.PENDING)

    await prune_inbox(resources)

    kept = {row.id: (row.status, row.note) for row in await inbox_rows(resources.sessions)}
    assert kept == {
        handled: ("handled", None),
        old: ("ignored", "no connection within 7 days"),
        young: ("orphan", None),
    }
    assert await owed_refs(resources.sessions) == set(kept)
