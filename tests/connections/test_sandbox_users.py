"""Every user and CPF of Pluggy's sandbox, from the widget to what the person must do, by the mission's loop."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from app.clock import utc_now
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.settings import Settings, SyncSettings
from tests.connections.person import Person
from tests.http_support import KnownCaller, running_api
from worker.job import Runner

READY = "ready"
FAILED = "failed"
TIMED_OUT = "timed_out"
USERS: list[tuple[str, str, str, tuple[str, str] | None]] = [
    ("user-ok", READY, "HEALTHY", None),
    ("user-ok-two-checking-accounts", READY, "HEALTHY", None),
    ("user-ok-account-warning", READY, "HEALTHY", None),
    ("user-ok-account-error", READY, "PARTIAL_SUCCESS", None),
    ("user-ok-perf-2", READY, "HEALTHY", None),
    ("user-ok-auth-pending", TIMED_OUT, "WAITING_USER_INPUT", ("approve_on_device", "approve_device")),
    ("user-ok-img", TIMED_OUT, "WAITING_USER_INPUT", ("provide_mfa", "mfa_image")),
    ("user-ok-select", TIMED_OUT, "WAITING_USER_INPUT", ("provide_mfa", "mfa_select")),
    ("user-ok-phone", TIMED_OUT, "WAITING_USER_INPUT", ("provide_mfa", "mfa_code")),
    ("user-ok-multi-company", TIMED_OUT, "WAITING_USER_INPUT", ("provide_mfa", "mfa_select")),
    ("user-ok-qr", TIMED_OUT, "WAITING_USER_INPUT", ("approve_on_device", "scan_code")),
    ("user-ok-device", TIMED_OUT, "WAITING_USER_INPUT", ("approve_on_device", "approve_access")),
    ("user-logged", FAILED, "ERROR", ("wait", "already_logged_in")),
    ("user-locked", FAILED, "SUSPENDED", ("update_credentials", "account_locked")),
    ("user-error", FAILED, "ERROR", ("wait", "bank_failed")),
    ("user-unavailable", FAILED, "ERROR", ("wait", "bank_unavailable")),
    ("user-account-need-actions", FAILED, "ERROR", ("approve_on_device", "needs_action")),
    ("user-account-need-actions-provider-message", FAILED, "ERROR", ("approve_on_device", "needs_action")),
    ("user-connection-error", FAILED, "ERROR", ("wait", "bank_unavailable")),
    ("user-account-credentials-reset", FAILED, "INVALID_CREDENTIALS", ("update_credentials", "credentials_reset")),
    ("user-not-supported", FAILED, "ERROR", ("reconnect", "not_supported")),
    ("user-bad", FAILED, "INVALID_CREDENTIALS", ("update_credentials", "invalid_credentials")),
]


def end_of(connection: dict[str, Any]) -> str:
    if connection["is_ready"]:
        return READY
    return FAILED if connection["is_failed"] else str(connection["poll_status"])


def asked_of(connection: dict[str, Any]) -> tuple[str, str] | None:
    action = connection["action_required"]
    return action and (action["kind"], action["reason"])


@pytest.mark.parametrize(("user", "end", "health", "action"), USERS, ids=[row[0] for row in USERS])
async def test_the_loop_of_every_sandbox_user_ends_with_what_the_person_must_do(
    person: Person, user: str, end: str, health: str, action: tuple[str, str] | None
) -> None:
    """Nobody answers the bank here, so who is asked ends by the time-out.

    That is set 300 s ahead by PostgreSQL's clock, which no test can move (R13). So its deadline is moved to now, once
    the person was asked: the look that then ends the loop reads the same clock and the same column as after 300 s.
    What this leaves out, a wait that really passes, is `test_a_wait_that_really_passes_ends_the_loop_too`.

    Mission: ERROR is a state.
    """
    begun = await person.connect(user=user, password="password-ok")
    if end == TIMED_OUT:
        assert 290 < (datetime.fromisoformat(begun["poll_deadline_at"]) - utc_now()).total_seconds() <= 300
        await person.until_asked(begun["id"])
        await person.lose_patience()

    connection = await person.follow(begun["id"])

    assert (end_of(connection), connection["health"], asked_of(connection)) == (end, health, action)


@pytest.fixture
async def hurried(person: Person, owner_id: UUID) -> AsyncIterator[Person]:
    """The same person before a service that waits for two seconds only."""
    figures = SyncSettings(_env_file=None, poll_interval_seconds=0.5, poll_timeout_seconds=2)
    given = person.resources.settings
    settings = Settings(
        service=given.service,
        database=given.database,
        pluggy=given.pluggy,
        auth=given.auth,
        sync=figures,
        retention=given.retention,
    )
    resources = dataclasses.replace(person.resources, settings=settings)
    runner = Runner(resources)
    async with running_api(settings, caller=KnownCaller(principal=Principal(owner_id, DEFAULT_SCOPES, "person"))) as (
        app,
        http,
    ):
        app.state.resources = resources
        http.headers["Authorization"] = "Bearer good"
        yield dataclasses.replace(person, http=http, runner=runner, resources=resources)
    await runner.stop()


async def test_a_wait_that_really_passes_ends_the_loop_too(hurried: Person) -> None:
    """No deadline is moved. A time-out is no failure: what the person must do still stands there."""
    begun_at = time.monotonic()
    begun = await hurried.connect(user="user-ok-img", password="password-ok")

    connection = await hurried.follow(begun["id"])

    assert time.monotonic() - begun_at >= 2
    assert (end_of(connection), asked_of(connection)) == (TIMED_OUT, ("provide_mfa", "mfa_image"))
    assert (connection["is_ready"], connection["is_failed"]) == (False, False)


async def test_what_the_bank_itself_says_is_shown(person: Person) -> None:
    connection = await person.connected(user="user-account-need-actions-provider-message", password="password-ok")

    message = connection["action_required"]["provider_message"]
    assert message == "Acesse o aplicativo do banco e atualize seu cadastro."


async def test_a_login_of_the_wrong_form_makes_no_item(person: Person) -> None:
    token = await person.ask("POST", "/connections/create_connect_token/")

    refusal = await person.use_widget(token["connect_token"], 2, {"user": "bad", "password": "password-ok"})

    assert (refusal.status_code, refusal.json()["codeDescription"]) == (400, "CONNECTOR_VALIDATION_ERROR")


@pytest.mark.parametrize("connector_id", [3, 5])
async def test_a_bank_with_a_code_in_two_steps_asks_for_it(person: Person, connector_id: int) -> None:
    """Mission: WAITING_USER_INPUT asks for a code."""
    begun = await person.connect(connector_id=connector_id)

    connection = await person.until_asked(begun["id"])

    assert asked_of(connection) == ("provide_mfa", "mfa_code")
    assert connection["action_required"]["prompt"]["name"] == "token"


async def test_a_wrong_code_of_a_bank_with_one_step_asks_for_a_new_one(person: Person) -> None:
    connection = await person.connected(connector_id=1, user="user-ok", password="password-ok", token="000000")

    assert (end_of(connection), asked_of(connection)) == (FAILED, ("provide_mfa", "wrong_code_renew"))


CPFS = [
    ("761.092.776-73", READY, "HEALTHY", None),
    ("238.242.640-30", READY, "HEALTHY", None),
    ("051.177.670-55", FAILED, "LOGIN_ERROR", ("reconnect", "not_granted")),
    ("002.502.737-99", READY, "HEALTHY", None),
    ("163.511.711-99", FAILED, "ERROR", ("wait", "bank_failed")),
]


@pytest.mark.parametrize(("cpf", "end", "health", "action"), CPFS, ids=[row[0] for row in CPFS])
async def test_the_loop_of_every_sandbox_cpf_ends_with_what_the_person_must_do(
    person: Person, cpf: str, end: str, health: str, action: tuple[str, str] | None
) -> None:
    """Mission: WAITING_USER_INPUT asks for a code."""
    begun = await person.connect(connector_id=600, cpf=cpf)
    asked = await person.until_asked(begun["id"])
    assert asked_of(asked) == ("authorize", "authorize_at_bank")

    await person.decide(asked["action_required"]["url"])
    connection = await person.follow(begun["id"])

    assert (end_of(connection), connection["health"], asked_of(connection)) == (end, health, action)


async def test_other_approvers_are_named_while_they_are_awaited(person: Person) -> None:
    begun = await person.connect(connector_id=600, cpf="238.242.640-30")
    asked = await person.until_asked(begun["id"])
    await person.decide(asked["action_required"]["url"])

    for _ in range(50):  # the bank passes the decision on when it is ready
        await person.runner.settle()
        connection = await person.until_asked(begun["id"])
        if asked_of(connection)[0] != "authorize":
            break
        await asyncio.sleep(0.1)

    assert asked_of(connection) == ("await_other_approvers", "other_approvers")


async def test_a_valid_cpf_that_the_bank_does_not_know_leads_to_a_new_authorisation(person: Person) -> None:
    connection = await person.connected(connector_id=600, cpf="111.444.777-35")

    assert (end_of(connection), asked_of(connection)) == (FAILED, ("reconnect", "login_refused_oauth"))


@pytest.mark.parametrize("decision", ["deny", "expire"])
async def test_an_authorisation_that_was_not_given_leads_to_a_new_one(person: Person, decision: str) -> None:
    begun = await person.connect(connector_id=600, cpf="761.092.776-73")
    asked = await person.until_asked(begun["id"])
    await person.decide(asked["action_required"]["url"], decision)

    connection = await person.follow(begun["id"])

    reason = {"deny": "not_granted", "expire": "input_expired_oauth"}[decision]
    assert (end_of(connection), asked_of(connection)) == (FAILED, ("reconnect", reason))
