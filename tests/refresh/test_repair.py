"""Outages mended by machine: twice at most, an hour apart, and never a refused login."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.clock import utc_now
from app.connections.models import BankConnection
from app.database import transaction
from app.jobs import Kind
from app.refresh.judgement import REPAIR_SPACING
from app.refresh.repair import repair
from app.resources import Resources
from tests.refresh.support import patches, stored
from tests.stand_in import StandIn
from tests.sync.support import connect, sync
from worker.job import Runner

DOWN = {"status": "OUTDATED", "executionStatus": "SITE_NOT_AVAILABLE"}


async def due_in(resources: Resources, connection: BankConnection) -> timedelta | None:
    """How long until the connection's repair, None when none is owed."""
    async with transaction(resources.sessions, None) as session:
        found = text("SELECT due_at - now() FROM owed_work WHERE kind = :kind AND ref_id = :id")
        return (await session.execute(found, {"kind": Kind.REPAIR, "id": connection.id})).scalar_one_or_none()


async def an_hour_later(resources: Resources, runner: Runner, stand_in: StandIn, connection: BankConnection) -> None:
    """Let the repair that is owed fall due, the visit it asks for end, and the run read it."""
    await stand_in.control("POST", f"/items/{connection.item_id}/next-run", {"outcome": "SITE_NOT_AVAILABLE"})
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE kind = 'repair' AND due_at < 'infinity'"))
    await runner.settle()
    assert connection.item_id is not None
    await stand_in.settled(connection.item_id)
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE kind = 'sync' AND due_at < 'infinity'"))
    await runner.settle()


async def outage(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, state: dict[str, Any] = DOWN
) -> BankConnection:
    """A connection whose bank went down, which a run has seen."""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.control("PATCH", f"/items/{connection.item_id}", state)
    await sync(resources, runner, connection)
    return await stored(resources, connection)


async def test_an_outage_owes_a_repair_an_hour_later(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await outage(resources, runner, stand_in, owner_id)

    wait = await due_in(resources, connection)

    assert wait is not None
    assert timedelta(minutes=58) < wait <= REPAIR_SPACING
    assert connection.outage_started_at is not None
    assert connection.next_retry_at == connection.outage_started_at + REPAIR_SPACING
    assert (connection.retries_used, await patches(stand_in)) == (0, 0)


async def test_a_bank_that_stays_down_is_visited_twice_and_no_more(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R31: the one machine-made refresh is bounded, whatever runs read in between.

    Mission: OUTDATED is tried again up to twice.
    """
    connection = await outage(resources, runner, stand_in, owner_id)

    for _ in range(4):
        await an_hour_later(resources, runner, stand_in, connection)
        await sync(resources, runner, connection)

    now = await stored(resources, connection)
    assert await patches(stand_in) == 2
    assert (now.status, now.retries_used, now.next_retry_at) == ("OUTDATED", 2, None)
    assert await due_in(resources, connection) is None


async def test_an_hour_lies_between_two_tries(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await outage(resources, runner, stand_in, owner_id)

    await an_hour_later(resources, runner, stand_in, connection)

    wait = await due_in(resources, connection)
    assert wait is not None
    assert timedelta(minutes=58) < wait <= REPAIR_SPACING
    assert (await stored(resources, connection)).retries_used == 1


async def test_an_outage_that_ends_by_itself_owes_nothing(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await outage(resources, runner, stand_in, owner_id)
    assert connection.item_id is not None
    await stand_in.run_item(connection.item_id)

    await sync(resources, runner, connection)

    now = await stored(resources, connection)
    assert await due_in(resources, connection) is None
    assert (now.outage_started_at, now.retries_used, now.next_retry_at) == (None, 0, None)
    assert await patches(stand_in) == 0


async def test_the_next_outage_has_its_own_tries(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await outage(resources, runner, stand_in, owner_id)
    await an_hour_later(resources, runner, stand_in, connection)
    assert connection.item_id is not None
    await stand_in.run_item(connection.item_id)
    await sync(resources, runner, connection)
    await stand_in.control("PATCH", f"/items/{connection.item_id}", DOWN)
    await sync(resources, runner, connection)

    for _ in range(3):
        await an_hour_later(resources, runner, stand_in, connection)

    assert await patches(stand_in) == 1 + 2


async def test_a_repair_that_succeeds_is_read_at_once(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await outage(resources, runner, stand_in, owner_id)

    delay = await repair(resources, owner_id, connection.id)
    assert connection.item_id is not None
    await stand_in.settled(connection.item_id)
    await runner.settle()

    now = await stored(resources, connection)
    assert delay == REPAIR_SPACING
    assert (now.status, now.outage_started_at, now.retries_used) == ("UPDATED", None, 0)


NEVER = {
    "a refused login": {"status": "LOGIN_ERROR", "executionStatus": "INVALID_CREDENTIALS"},
    "an authorisation that others give": {"status": "OUTDATED", "executionStatus": "USER_AUTHORIZATION_PENDING"},
    "something to do at the bank": {"status": "OUTDATED", "executionStatus": "ACCOUNT_NEEDS_ACTION"},
    "a code that came too late": {"status": "OUTDATED", "executionStatus": "USER_INPUT_TIMEOUT"},
}


@pytest.mark.parametrize("state", NEVER.values(), ids=NEVER)
async def test_a_machine_never_retries(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, state: dict[str, Any]
) -> None:
    connection = await outage(resources, runner, stand_in, owner_id, state)

    delay = await repair(resources, owner_id, connection.id)

    assert (delay, await due_in(resources, connection), await patches(stand_in)) == (None, None, 0)


async def test_a_login_refused_during_an_outage_ends_the_tries(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await outage(resources, runner, stand_in, owner_id)
    await stand_in.control("PATCH", f"/items/{connection.item_id}", NEVER["a refused login"])

    delay = await repair(resources, owner_id, connection.id)

    assert (delay, await patches(stand_in)) == (None, 0)
    assert (await stored(resources, connection)).next_retry_at is None


async def test_the_date_before_which_pluggy_wants_no_visit_is_kept(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await outage(resources, runner, stand_in, owner_id)
    allowed_at = utc_now() + timedelta(hours=5)
    async with transaction(resources.sessions, owner_id) as session:
        (await session.get_one(BankConnection, (owner_id, connection.id))).can_retry_at = allowed_at

    delay = await repair(resources, owner_id, connection.id)

    now = await stored(resources, connection)
    assert delay is not None
    assert delay > timedelta(hours=4, minutes=58)
    assert (now.next_retry_at, now.retries_used, await patches(stand_in)) == (allowed_at, 0, 0)


async def test_a_try_is_counted_even_when_its_answer_is_lost(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """The visit may have begun all the same."""
    connection = await outage(resources, runner, stand_in, owner_id)
    await stand_in.control("POST", "/faults", {"kind": "cut", "path": "/items/*", "method": "PATCH"})

    delay = await repair(resources, owner_id, connection.id)

    assert delay == REPAIR_SPACING
    assert (await stored(resources, connection)).retries_used == 1
