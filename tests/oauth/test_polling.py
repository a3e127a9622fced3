"""Watching an item as owed work: when it looks, what it writes, and what it leaves alone."""

import dataclasses
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from app.connections import service as connections
from app.database import Sessions, transaction
from app.jobs import QUEUE
from app.oauth import polling, service
from app.oauth.models import PollStatus
from app.pluggy.client import PluggyClient
from app.pluggy.models import Item
from app.resources import Resources
from app.settings import SyncSettings
from tests.factories import make_connection
from tests.oauth.rows import change, end_watch, event_types, one
from tests.oauth.walk import CPF, Walk

LOUD_CPF = CPF.replace(".", "").replace("-", "")


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    """Every line logged since, before redaction."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


async def test_the_watch_looks_every_interval_and_stops_at_the_deadline(
    walk: Walk, resources: Resources, sessions: Sessions, owner_id: UUID
) -> None:
    begun = await walk.start()
    connection_id = UUID(begun["connection"]["id"])
    figures = SyncSettings(_env_file=None, poll_interval_seconds=20, poll_timeout_seconds=50)

    async with transaction(sessions, owner_id) as session:
        await service.watch(session, owner_id, connection_id, figures)
        first = await service.settle(session, owner_id, connection_id, figures)
        near = await one(sessions, None, "SELECT now() + interval '10 seconds'")
        await connections.set_polling(session, owner_id, connection_id, status=PollStatus.POLLING, deadline_at=near)
        last = await service.settle(session, owner_id, connection_id, figures)
    await end_watch(sessions, owner_id)
    over = await polling.poll(resources, owner_id, connection_id)

    assert first == timedelta(seconds=20)
    assert last is not None
    assert timedelta(0) < last <= timedelta(seconds=11)
    assert over is None
    assert (await event_types(sessions, owner_id))[-1] == "connection.updated"


async def test_a_timed_out_item_is_still_read_by_the_schedule(walk: Walk, sessions: Sessions, owner_id: UUID) -> None:
    """R31: without webhooks a late approval is found by reading."""
    begun = await walk.start()
    await end_watch(sessions, owner_id)

    await walk.follow(begun)

    due = "SELECT extract(epoch FROM due_at - now()) / 3600 FROM owed_work WHERE kind = 'schedule'"
    assert 11 < await one(sessions, None, due) <= 12


async def test_pluggy_being_away_costs_a_look_and_not_the_watch(
    walk: Walk, resources: Resources, owner_id: UUID
) -> None:
    begun = await walk.start()
    await walk.bank.control("POST", "/faults", {"method": "GET", "path": "/items/*", "kind": "status", "status": 500})

    again = await polling.poll(resources, owner_id, UUID(begun["connection"]["id"]))

    assert again is not None
    assert (await walk.connection(begun))["poll_status"] == "polling"


async def test_an_item_that_vanished_ends_the_watch_with_a_new_connection_as_the_remedy(walk: Walk) -> None:
    begun = await walk.start()
    await walk.bank.api("DELETE", f"/items/{begun['item_id']}")

    read = await walk.follow(begun)

    assert (read["is_failed"], read["status"], read["poll_status"]) == (True, "DELETED", "finished")
    assert read["action_required"]["kind"] == "reconnect"


async def test_a_look_that_another_write_overtook_is_dropped(
    walk: Walk, resources: Resources, sessions: Sessions, owner_id: UUID
) -> None:
    """R22: what was read before somebody else wrote may be older than theirs."""
    begun = await walk.start()
    connection_id = UUID(begun["connection"]["id"])

    async def overtake(item_id: UUID) -> Item:
        item = await resources.pluggy.get_item(item_id)
        async with transaction(sessions, owner_id) as session:
            await connections.record_item(session, owner_id, connection_id, {"status": "UPDATED"})
        return item

    slow = dataclasses.replace(resources, pluggy=cast("PluggyClient", Overtaken(overtake)))
    connection = await polling.look(slow, owner_id, connection_id)

    assert connection.status == "UPDATED"


class Overtaken:
    """A Pluggy whose answer arrives after somebody else's write."""

    def __init__(self, get_item: Callable[[UUID], Awaitable[Item]]) -> None:
        self.get_item = get_item


async def test_each_change_of_status_is_logged_once(
    walk: Walk, resources: Resources, logged: list[EventDict], owner_id: UUID
) -> None:
    begun = await walk.start()
    for _ in range(3):
        await polling.poll(resources, owner_id, UUID(begun["connection"]["id"]))
    await walk.decide(begun)

    await walk.follow(begun)

    changes = [line["health"] for line in logged if line["event"] == "connection_changed"]
    assert changes == ["WAITING_USER_INPUT", "UPDATING", "HEALTHY"]


async def test_nothing_secret_or_personal_of_a_walk_is_written_down(
    walk: Walk, resources: Resources, sessions: Sessions, logged: list[EventDict], owner_id: UUID
) -> None:
    """R63, R65: neither CPF, nor state, nor the bank's address, in logs, owed work, events or Redis."""
    begun = await walk.start()
    back = await walk.decide(begun)
    await walk.land(back.headers["location"])
    await walk.follow(begun)

    written = str(logged)
    for table in ("owed_work", "oauth_flows", "events", "connections"):
        written += str(await one(sessions, owner_id, f"SELECT array_agg(row::text) FROM {table} AS row"))
    for key in await resources.redis.keys():
        written += str(await resources.redis.dump(key))

    token = begun["authorization_url"].partition("token=")[2]
    for secret in (CPF, LOUD_CPF, begun["state"], token):
        assert secret not in written, secret


async def test_a_watch_of_a_deleted_connection_ends_quietly(walk: Walk, resources: Resources, owner_id: UUID) -> None:
    begun = await walk.start()
    await walk.http.delete(f"/api/banking/connections/{begun['connection']['id']}/")

    assert await polling.poll(resources, owner_id, UUID(begun["connection"]["id"])) is None


async def test_a_connection_that_nobody_watches_is_left_alone_by_a_landing(sessions: Sessions, owner_id: UUID) -> None:
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)

        await service.look_soon(session, owner_id, connection.id)

    assert await one(sessions, None, "SELECT count(*) FROM owed_work") == 0


async def test_long_expired_states_of_an_owner_are_forgotten_with_the_next_one(walk: Walk, sessions: Sessions) -> None:
    await walk.start()
    await change(sessions, "UPDATE oauth_flows SET expires_at = now() - interval '8 days'")

    await walk.start(parameters={"cpf": "238.242.640-30"})

    assert await one(sessions, None, "SELECT count(*) FROM oauth_flows") == 1


async def test_the_bell_rings_when_the_next_look_is_due(
    resources: Resources, sessions: Sessions, owner_id: UUID
) -> None:
    """R5: the worker looks by itself each 5 s; the bell keeps a watch of 5 s from becoming one of 10."""
    figures = SyncSettings(_env_file=None, poll_interval_seconds=20)
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        await service.watch(session, owner_id, connection.id, figures)
    now = time.time() * 1000

    [(_, due)] = await resources.redis.zrange(QUEUE, 0, -1, withscores=True)

    assert 15_000 < due - now <= 20_001  # arq keeps whole milliseconds
