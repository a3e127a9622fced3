"""The schedule as the worker carries it out: a connection whose time has come is read, and owes its next read."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.connections.models import BankConnection
from app.database import transaction
from app.resources import Resources
from app.sync.models import SyncRun
from tests.stand_in import StandIn, assert_equal_to_truth
from tests.sync.support import connect
from worker.job import Runner


async def let_its_time_come(resources: Resources, runner: Runner, connection: BankConnection) -> Sequence[SyncRun]:
    """The scheduled runs of the connection, once what its schedule owes is due and done."""
    async with transaction(resources.sessions, None) as session:
        due = "UPDATE owed_work SET due_at = now() WHERE kind = 'schedule' AND ref_id = :id RETURNING ref_id"
        assert (await session.execute(text(due), {"id": connection.id})).all()
    await runner.settle()
    async with transaction(resources.sessions, connection.owner_id) as session:
        runs = select(SyncRun).where(SyncRun.connection_id == connection.id, SyncRun.trigger == "schedule")
        return (await session.execute(runs)).scalars().all()


async def next_read_in(resources: Resources, connection: BankConnection) -> timedelta:
    """How long until the connection is read by itself."""
    async with transaction(resources.sessions, None) as session:
        owed = "SELECT due_at - now() FROM owed_work WHERE kind = 'schedule' AND ref_id = :id"
        wait: timedelta = (await session.execute(text(owed), {"id": connection.id})).scalar_one()
    return wait


async def test_a_connection_whose_time_has_come_is_read_once_and_owes_its_next_read(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R31: without a webhook and without anybody's asking."""
    connection = await connect(resources, runner, stand_in, owner_id, user="user-ok-small")
    await stand_in.run_item(connection.item_id, days=3)

    runs = await let_its_time_come(resources, runner, connection)

    assert [(run.status, run.attempts) for run in runs] == [("succeeded", 1)]
    assert timedelta() < await next_read_in(resources, connection) <= timedelta(hours=12)
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


@pytest.mark.parametrize(
    ("user", "is_revoked", "reason"),
    [("user-bad", False, "action_required"), ("user-ok-small", True, "consent_invalid")],
    ids=["its login is refused", "its consent is withdrawn"],
)
async def test_a_connection_that_awaits_its_person_is_looked_at_and_not_read(
    resources: Resources,
    runner: Runner,
    stand_in: StandIn,
    owner_id: UUID,
    user: str,
    is_revoked: bool,
    reason: str,
) -> None:
    """R34; no machine tries a login again."""
    connection = await connect(resources, runner, stand_in, owner_id, user=user)
    if is_revoked:
        await stand_in.control("POST", f"/items/{connection.item_id}/consent/revoke")
    await stand_in.control("DELETE", "/requests")

    runs = await let_its_time_come(resources, runner, connection)

    assert [(run.status, run.error_code) for run in runs] == [("failed", reason)]
    requests = await stand_in.control("GET", "/requests")
    asked = {(request["method"], request["path"].split("/")[1]) for request in requests} - {("POST", "auth")}
    assert asked == {("GET", "items"), ("GET", "consents")}
    assert timedelta() < await next_read_in(resources, connection) <= timedelta(hours=12)
