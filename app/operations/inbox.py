"""Operators at the inbox: what came, what became of it, what was turned away, and once more."""

from uuid import UUID

from app.audit.service import Act, record_act
from app.database import transaction
from app.operations.report import Report, pairs, table
from app.resources import Resources
from app.webhooks import registration, repository, service


async def list_events(resources: Resources, *, status: str | None, item_id: UUID | None, limit: int) -> Report:
    """The last events, newest first."""
    async with transaction(resources.sessions, None) as session:
        found = await repository.list_events(session, status=status, item_id=item_id, limit=limit)
    rows = [(each.id, each.received_at, each.event, each.status, each.item_id, each.note) for each in found]
    return Report(table(("ID", "RECEIVED", "EVENT", "STATUS", "ITEM", "NOTE"), rows))


async def show_event(resources: Resources, event_id: UUID) -> Report:
    """One event with its body: ids and protocol facts, no ledger data."""
    async with transaction(resources.sessions, None) as session:
        event = await repository.find_event(session, event_id)
    if event is None:
        return Report([f"There is no event {event_id}: the inbox keeps 30 days."], is_well=False)
    lines = pairs(
        id=event.id,
        pluggy_event_id=event.event_id,
        event=event.event,
        item=event.item_id,
        status=event.status,
        note=event.note,
        received=event.received_at,
        handled=event.handled_at,
    )
    body = event.body.decode(errors="replace")
    return Report([*lines, "".join(letter if letter.isprintable() else " " for letter in body)])


async def replay(resources: Resources, event_ids: list[UUID], *, actor: str) -> Report:
    """Owe the effect of events once more. Handlers re-read the API, so repeating is safe."""
    async with transaction(resources.sessions, None) as session:
        found = set(await service.replay(session, event_ids))
        for event_id in found:
            await record_act(session, "webhook.replayed", actor=actor, owner_id=None, subject_id=event_id)
    missing = [f"There is no event {event_id}." for event_id in event_ids if event_id not in found]
    return Report([f"{len(found)} event(s) will have their effect again.", *missing], is_well=not missing)


async def list_rejections(resources: Resources) -> Report:
    """What was turned away: counted by reason, and the last ones."""
    async with transaction(resources.sessions, None) as session:
        counts = await repository.list_rejection_counts(session)
        last = await repository.list_rejections(session)
    return Report(
        [
            *table(("REASON", "TOTAL", "LAST"), [(each.reason, each.total, each.last_at) for each in counts]),
            "",
            *table(("AT", "REASON", "ADDRESS"), [(each.created_at, each.reason, each.address) for each in last]),
        ]
    )


async def register(resources: Resources, *, actor: str) -> Report:
    """Make or repair the webhook at Pluggy. Raises RegistrationRefused, PluggyError."""
    done = await registration.ensure_registered(resources)
    if done.repairs:
        await _record(resources, "webhook.registered", done.webhook_id, actor)
    return Report([*_described(done), *_hint(done)])


async def rotate_secret(resources: Resources, *, actor: str) -> Report:
    """Have Pluggy send the next secret. Raises RegistrationRefused, PluggyError."""
    done = await registration.rotate_secret(resources)
    await _record(resources, "webhook.secret_rotated", done.webhook_id, actor)
    return Report(
        [
            "Pluggy sends the next secret from now on; both are still taken.",
            "In 24 hours, when repeats of older deliveries are over: give PLUGGY_WEBHOOK_SECRET the value of",
            "PLUGGY_WEBHOOK_SECRET_NEXT, remove the latter, and restart API and worker.",
        ]
    )


def _described(done: registration.Registration) -> list[str]:
    what = ", ".join(done.repairs) or "nothing to do"
    return pairs(webhook=done.webhook_id, address=done.url, repaired=what)


def _hint(done: registration.Registration) -> list[str]:
    return [f"Pluggy also delivers to {url}: delete that webhook if it is an old address." for url in done.elsewhere]


async def _record(resources: Resources, act: Act, webhook_id: UUID, actor: str) -> None:
    async with transaction(resources.sessions, None) as session:
        await record_act(session, act, actor=actor, owner_id=None, subject_id=webhook_id)
