"""What clients hear of runs."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.database import transaction
from app.events.models import Event
from app.resources import Resources
from app.sync import service
from tests.stand_in import StandIn
from tests.sync.support import connect, get_run, queue_sync, sync
from worker.job import Runner


async def heard(resources: Resources, owner_id: UUID, run_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """The events of a run, without the ids of what they are about."""
    async with transaction(resources.sessions, owner_id) as session:
        events = await session.scalars(
            select(Event).where(Event.data["sync_id"].astext == str(run_id)).order_by(Event.sequence)
        )
        return [
            (each.type, {name: value for name, value in each.data.items() if not name.endswith("_id")})
            for each in events
        ]


async def test_a_run_tells_what_it_changed_and_that_it_ended(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R43."""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.run_item(connection.item_id, days=10)

    run = await sync(resources, runner, connection)

    counts = {"inserted": run.inserted, "updated": run.updated, "removed": run.removed}
    assert run.inserted > 0
    assert await heard(resources, owner_id, run.id) == [
        ("transactions.changed", counts),
        ("sync.completed", {"status": "succeeded", **counts}),
    ]


async def test_a_run_that_found_nothing_new_does_not_say_that_transactions_changed(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)

    run = await sync(resources, runner, connection)

    assert [event_type for event_type, _ in await heard(resources, owner_id, run.id)] == ["sync.completed"]


async def test_a_run_that_awaits_the_person_tells_that_it_failed(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id, user="user-bad")

    run = await sync(resources, runner, connection)

    assert await heard(resources, owner_id, run.id) == [("sync.failed", {"error_code": "action_required"})]


async def test_a_lost_run_tells_that_it_failed(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    run_id = await queue_sync(resources, connection)

    async with transaction(resources.sessions, owner_id) as session:
        await service.lose(session, owner_id, run_id)

    assert (await get_run(resources, owner_id, run_id)).status == "lost"
    assert await heard(resources, owner_id, run_id) == [("sync.failed", {"error_code": "lost"})]
