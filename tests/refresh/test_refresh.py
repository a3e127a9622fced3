"""A person's sync over HTTP: when Pluggy is asked to visit the bank, and what is told when it is not."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.clock import utc_now
from app.connections.models import BankConnection
from app.database import transaction
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from app.sync.flow import request_due_sync
from tests.factories import make_connection
from tests.readers import ROOT, called_by, reader
from tests.refresh.support import patches, stored
from tests.stand_in import StandIn, assert_equal_to_truth
from tests.sync.support import connect
from worker.job import Runner

Json = dict[str, Any]


def integrator(resources: Resources, owner_id: UUID) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """The API as an API key of the owner reaches it."""
    return called_by(resources, Principal(owner_id, DEFAULT_SCOPES, "api_key", key_id=uuid4()))


async def ask(client: httpx.AsyncClient, connection: BankConnection, *, expect: int = 202, **body: Any) -> Json:
    answer = await client.post(f"{ROOT}connections/{connection.id}/sync/", json=body or None)
    assert answer.status_code == expect, answer.text
    told: Json = answer.json()
    return told


async def let_an_hour_pass(stand_in: StandIn) -> None:
    await stand_in.control("POST", "/clock", {"seconds": 2 * 3600})


async def test_a_persons_sync_has_the_bank_visited_and_reads_what_it_brought(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    await let_an_hour_pass(stand_in)

    run = await ask(client, connection)
    assert connection.item_id is not None
    await stand_in.settled(connection.item_id)
    await runner.settle()

    assert run["refresh"] == {"status": "requested", "next_allowed_at": None}
    assert await patches(stand_in) == 1
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_an_api_key_only_reads_unless_it_insists(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    await let_an_hour_pass(stand_in)

    async with integrator(resources, owner_id) as client:
        auto = await ask(client, connection)
        asked_by_auto = await patches(stand_in)
        insisted = await ask(client, connection, refresh=True)

    assert auto["refresh"] == {"status": "not_asked", "next_allowed_at": None}
    assert (asked_by_auto, insisted["refresh"]["status"], await patches(stand_in)) == (0, "requested", 1)


async def test_a_person_may_only_read(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    await let_an_hour_pass(stand_in)

    run = await ask(client, connection, refresh=False)

    assert (run["refresh"]["status"], run["status"], await patches(stand_in)) == ("not_asked", "queued", 0)


async def test_too_soon_is_no_error_and_is_asked_once(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """A 409 of Pluggy's counts as fresh; until its date nobody spends one of the 20 visits a minute on it.

    Mission: a person syncs by hand.
    """
    connection = await connect(resources, runner, stand_in, owner_id)

    first = await ask(client, connection)
    second = await ask(client, connection, refresh=True)

    assert first["refresh"]["status"] == second["refresh"]["status"] == "too_soon"
    assert datetime.fromisoformat(first["refresh"]["next_allowed_at"]) > utc_now()
    assert first["refresh"]["next_allowed_at"] == second["refresh"]["next_allowed_at"]
    assert first["id"] == second["id"]
    assert await patches(stand_in) == 1


async def test_a_visit_under_way_is_not_asked_for_again(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.control(
        "PATCH", f"/items/{connection.item_id}", {"status": "UPDATING", "executionStatus": "CREATED"}
    )

    run = await ask(client, connection, refresh=True)

    assert (run["refresh"]["status"], await patches(stand_in)) == ("requested", 0)


NEEDS_PERSON = {
    "wrong credentials": ({"status": "LOGIN_ERROR", "executionStatus": "INVALID_CREDENTIALS"}, "update_credentials"),
    "a device": (
        {"status": "WAITING_USER_ACTION", "executionStatus": "WAITING_USER_ACTION", "userAction": {"type": "qr"}},
        "approve_on_device",
    ),
    "a code": (
        {
            "status": "WAITING_USER_INPUT",
            "executionStatus": "WAITING_USER_INPUT",
            "parameter": {"name": "token", "type": "number", "label": "Token"},
        },
        "provide_mfa",
    ),
    "other approvers": ({"status": "OUTDATED", "executionStatus": "USER_AUTHORIZATION_PENDING"}, "approve_on_device"),
    "a withdrawn consent": ({"status": "LOGIN_ERROR", "executionStatus": "USER_AUTHORIZATION_REVOKED"}, "reconnect"),
}


@pytest.mark.parametrize(("state", "action"), NEEDS_PERSON.values(), ids=NEEDS_PERSON)
async def test_an_item_that_needs_its_person_is_not_visited(
    client: httpx.AsyncClient,
    resources: Resources,
    runner: Runner,
    stand_in: StandIn,
    owner_id: UUID,
    state: Json,
    action: str,
) -> None:
    """Who insists is told what the person must do; others get the reading."""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.control("PATCH", f"/items/{connection.item_id}", state)

    insisted = await ask(client, connection, refresh=True, expect=409)
    auto = await ask(client, connection)

    assert (insisted["code"], insisted["action"]) == ("action_required", action)
    assert (auto["refresh"]["status"], auto["status"]) == ("not_possible", "queued")
    assert await patches(stand_in) == 0


async def test_logins_that_pluggy_backs_off_say_from_when(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    later = utc_now() + timedelta(minutes=15)
    async with transaction(resources.sessions, owner_id) as session:
        (await session.get_one(BankConnection, (owner_id, connection.id))).can_retry_at = later
    state = {"status": "LOGIN_ERROR", "executionStatus": "INVALID_CREDENTIALS"}
    await stand_in.control("PATCH", f"/items/{connection.item_id}", state)

    auto = await ask(client, connection)
    insisted = await ask(client, connection, refresh=True, expect=409)

    assert auto["refresh"]["status"] == "too_soon"
    assert datetime.fromisoformat(auto["refresh"]["next_allowed_at"]) == later
    assert (insisted["action"], datetime.fromisoformat(insisted["retry_at"])) == ("wait", later)


async def test_an_item_that_pluggy_never_updates_on_request_is_read(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """MeuPluggy refuses with 400 and no code."""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.control("POST", "/faults", {"kind": "status", "status": 400, "path": "/items/*", "method": "PATCH"})

    run = await ask(client, connection, refresh=True)

    assert (run["refresh"]["status"], run["status"]) == ("not_possible", "queued")


async def test_reading_goes_on_while_pluggy_does_not_answer(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.control("POST", "/faults", {"kind": "status", "status": 500, "path": "/items/*"})

    auto = await ask(client, connection)
    insisted = await ask(client, connection, refresh=True, expect=503)

    assert (auto["refresh"]["status"], auto["status"]) == ("not_possible", "queued")
    assert insisted["code"] == "pluggy_unavailable"


async def test_an_item_that_is_gone_is_told(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.api("DELETE", f"/items/{connection.item_id}")

    insisted = await ask(client, connection, refresh=True, expect=409)
    auto = await ask(client, connection)

    assert (insisted["code"], insisted["action"]) == ("item_gone", "reconnect")
    assert auto["refresh"]["status"] == "not_possible"


async def test_a_connection_without_an_item_has_nothing_to_read(
    client: httpx.AsyncClient, resources: Resources, owner_id: UUID
) -> None:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id, item_id=None)

    told = await ask(client, connection, expect=409)

    assert told["code"] == "item_not_made"


async def test_connections_of_others_are_never_visited(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53"""
    connection = await connect(resources, runner, stand_in, owner_id)

    async with reader(resources, other_owner_id) as stranger:
        told = await ask(stranger, connection, refresh=True, expect=404)

    assert (told["code"], await patches(stand_in)) == ("connection_not_found", 0)


@pytest.mark.parametrize("body", [{"refresh": "yes"}, {"refresh": 1}, {"refresh": None}, {"refresh": "AUTO"}, {"x": 1}])
async def test_a_wish_that_is_none_is_refused(
    client: httpx.AsyncClient, resources: Resources, owner_id: UUID, body: Json
) -> None:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)

    told = await ask(client, connection, expect=422, **body)

    assert told["code"] == "invalid_request"


async def test_the_schedule_never_has_a_bank_visited(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R31: forced batches are prohibited. Mission: a task syncs every 12 hours."""
    connection = await connect(resources, runner, stand_in, owner_id)
    await let_an_hour_pass(stand_in)

    for _ in range(3):
        await request_due_sync(resources, owner_id, connection.id)
        await runner.settle()

    assert await patches(stand_in) == 0
    assert (await stored(resources, connection)).last_read_at != connection.last_read_at
