"""Repairing: new credentials, codes in one step and in two, refusals of the bank and of Pluggy."""

import io
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.connections.person import OK, Person

BAD = {"user": "user-bad", "password": "password-ok"}


def repair(person: Person, connection: dict[str, Any], route: str, body: Any = None, expect: int = 202) -> Any:
    return person.ask("POST", f"/connections/{connection['id']}/{route}/", body, expect=expect)


async def test_new_credentials_make_a_failed_connection_healthy(person: Person) -> None:
    """Mission: update_credentials."""
    broken = await person.connected(**BAD)
    assert broken["is_failed"]

    told = await repair(person, broken, "update_credentials", {"parameters": OK})
    assert (told["connection"]["health"], told["connection"]["poll_status"]) == ("UPDATING", "polling")
    assert (told["connect_token"], told["authorization"]) == (None, None)

    healed = await person.follow(broken["id"])
    assert (healed["is_ready"], healed["action_required"]) == (True, None)


async def test_without_credentials_a_widget_in_update_mode_is_offered(person: Person) -> None:
    """Mission: update_credentials."""
    broken = await person.connected(**BAD)

    told = await repair(person, broken, "update_credentials", expect=200)

    assert told["connect_token"]["widget"]["updateItem"] == broken["item_id"]


async def test_an_oauth_item_gets_a_new_page_of_the_bank(person: Person) -> None:
    """Mission: update_credentials."""
    begun = await person.connect(connector_id=600, cpf="051.177.670-55")
    asked = await person.until_asked(begun["id"])
    await person.decide(asked["action_required"]["url"], "deny")
    refused = await person.follow(begun["id"])
    assert refused["is_failed"]

    told = await repair(person, refused, "update_credentials", expect=200)

    assert told["authorization"]["authorization_url"].startswith(person.bank.url)
    assert told["authorization"]["state"]


async def test_credentials_for_an_oauth_item_are_refused(person: Person) -> None:
    held = await person.connect(connector_id=600, cpf="761.092.776-73")

    problem = await repair(person, held, "update_credentials", {"parameters": {"cpf": "761.092.776-73"}}, 422)

    assert problem["errors"][0]["pointer"] == "/body/parameters"


@pytest.mark.parametrize(
    ("parameters", "pointers"),
    [
        ({"user": "user-ok"}, ["/body/parameters/password"]),
        ({**OK, "pin": "1234"}, ["/body/parameters/pin"]),
        ({**OK, "<script>": "1234"}, ["/body/parameters/*"]),
        ({"user": "bad", "password": "short"}, ["/body/parameters/user", "/body/parameters/password"]),
    ],
)
async def test_wrong_parameters_are_named_field_by_field_before_pluggy_is_asked(
    person: Person, parameters: dict[str, str], pointers: list[str]
) -> None:
    held = await person.connected()

    problem = await repair(person, held, "update_credentials", {"parameters": parameters}, 422)

    assert [fault["pointer"] for fault in problem["errors"]] == pointers
    assert (await person.read(held["id"]))["status"] == "UPDATED"


@pytest.mark.parametrize("body", [{"parameters": {}}, {"parameters": {"user": 5}}, {"parameters": None, "x": 1}, []])
async def test_a_body_of_another_shape_is_refused(person: Person, body: Any) -> None:
    held = await person.connect()

    await repair(person, held, "update_credentials", body, 422)


async def test_a_connection_that_was_visited_a_moment_ago_says_from_when_it_may_be_again(person: Person) -> None:
    held = await person.connected()

    problem = await repair(person, held, "update_credentials", {"parameters": OK}, 409)

    assert (problem["code"], problem["action"]) == ("visited_too_recently", "wait")
    assert problem["retry_at"] is not None


async def test_after_two_wrong_logins_the_person_is_told_until_when_to_wait(person: Person) -> None:
    broken = await person.connected(**BAD)
    await repair(person, broken, "update_credentials", {"parameters": BAD})
    await person.follow(broken["id"])

    problem = await repair(person, broken, "update_credentials", {"parameters": OK}, 409)

    assert (problem["code"], problem["action"]) == ("login_backoff", "wait")
    waiting = await person.read(broken["id"])
    assert waiting["action_required"]["reason"] == "login_backoff"
    assert waiting["action_required"]["retry_at"] == problem["retry_at"]
    assert waiting["health"] == "INVALID_CREDENTIALS"


async def test_a_connection_that_failed_too_often_is_suspended_until_a_visit_goes_well(person: Person) -> None:
    held = await person.connected()
    state = {"status": "OUTDATED", "executionStatus": "ERROR", "failedRuns": 6}
    await person.bank.control("PATCH", f"/items/{held['item_id']}", state)

    problem = await repair(person, held, "update_credentials", {"parameters": OK}, 409)

    assert (problem["code"], problem["action"]) == ("connection_suspended", "reconnect")
    suspended = await person.read(held["id"])
    assert (suspended["health"], suspended["action_required"]["reason"]) == ("SUSPENDED", "too_many_errors")


async def test_a_bank_that_is_offline_suspends_until_it_is_back(person: Person) -> None:
    held = await person.connected()
    await person.bank.control("PUT", "/connectors/2/health", {"status": "OFFLINE"})

    offline = await person.see_again(held)
    await person.bank.control("PUT", "/connectors/2/health", {"status": "ONLINE"})
    online = await person.see_again(held)

    assert (offline["health"], offline["action_required"]["reason"]) == ("SUSPENDED", "institution_offline")
    assert online["health"] == "HEALTHY"


async def test_a_visit_under_way_is_not_begun_twice(person: Person) -> None:
    held = await person.connect(connector_id=5)
    await person.until_asked(held["id"])
    await person.bank.control("PATCH", f"/items/{held['item_id']}", {"status": "UPDATING"})

    problem = await repair(person, held, "update_credentials", {"parameters": OK}, 409)

    assert problem["code"] == "already_updating"


async def test_an_item_that_pluggy_no_longer_has_is_told_as_gone_and_its_connection_stays(person: Person) -> None:
    held = await person.connected()
    await person.bank.api("DELETE", f"/items/{held['item_id']}")

    problem = await repair(person, held, "update_credentials", {"parameters": OK}, 409)
    gone = await person.read(held["id"])

    assert (problem["code"], problem["action"]) == ("item_gone", "reconnect")
    assert (gone["status"], gone["is_failed"], gone["action_required"]["kind"]) == ("DELETED", True, "reconnect")
    assert (await repair(person, held, "update_credentials", expect=409))["code"] == "item_gone"


@pytest.mark.parametrize(
    ("user", "value"),
    [("user-ok-img", "123456"), ("user-ok-select", "2"), ("user-ok-phone", "11999990000"), ("user-ok", "123456")],
)
async def test_the_answer_to_a_prompt_is_given_without_its_name(person: Person, user: str, value: str) -> None:
    """Mission: update_mfa."""
    connector_id = 5 if user == "user-ok" else 2
    begun = await person.connect(connector_id=connector_id, user=user, password="password-ok")
    asked = await person.until_asked(begun["id"])

    await repair(person, asked, "update_mfa", {"value": value})
    connection = await person.follow(begun["id"])

    assert connection["is_ready"]


async def test_an_image_and_the_choices_of_a_prompt_reach_the_client(person: Person) -> None:
    image = await person.connect(user="user-ok-img", password="password-ok")
    choice = await person.connect(user="user-ok-multi-company", password="password-ok")

    shown = (await person.until_asked(image["id"]))["action_required"]["prompt"]
    offered = (await person.until_asked(choice["id"]))["action_required"]["prompt"]

    assert (shown["type"], shown["data"][:6]) == ("image", "iVBORw")
    assert [option["label"] for option in offered["options"]] == ["Padaria Aurora Ltda", "Aurora Eventos ME"]


async def test_an_answer_by_its_name_does_too(person: Person) -> None:
    begun = await person.connect(connector_id=5)
    asked = await person.until_asked(begun["id"])

    await repair(person, asked, "update_mfa", {"parameters": {"token": "123456"}})

    assert (await person.follow(begun["id"]))["is_ready"]


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"parameters": {"pin": "123456"}}, "/body/parameters/pin", "This bank asks for no such field."),
        ({"parameters": {}}, "/body/parameters", "This must not be empty."),
        ({"value": "123456", "parameters": {"token": "1"}}, "/body", "Send either `value` or `parameters`."),
        ({}, "/body", "Send either `value` or `parameters`."),
        ({"value": ""}, "/body/value", "This must not be empty."),
        ({"value": 123456}, "/body/value", "This must be a text."),
        (
            {"code": "1", "otp": "1"},
            "/body",
            "There is a field that is not known here. Known: parameters, value.",
        ),
    ],
)
async def test_an_answer_to_something_else_is_refused_by_field(
    person: Person, body: Any, pointer: str, detail: str
) -> None:
    begun = await person.connect(connector_id=5)
    await person.until_asked(begun["id"])

    problem = await repair(person, begun, "update_mfa", body, 422)

    assert (problem["errors"][0]["pointer"], problem["errors"][0]["detail"]) == (pointer, detail)


async def test_a_choice_that_was_not_offered_is_refused(person: Person) -> None:
    begun = await person.connect(user="user-ok-select", password="password-ok")
    await person.until_asked(begun["id"])

    problem = await repair(person, begun, "update_mfa", {"value": "9"}, 422)

    assert problem["errors"] == [
        {
            "pointer": "/body/value",
            "detail": "This must be one of the values of `options`.",
            "user_message": "Escolha uma das opções.",
        }
    ]


async def test_a_wrong_code_of_two_steps_leads_back_to_the_credentials(person: Person) -> None:
    begun = await person.connect(connector_id=5)
    asked = await person.until_asked(begun["id"])

    await repair(person, asked, "update_mfa", {"value": "999999"})
    connection = await person.follow(begun["id"])

    assert (connection["health"], connection["action_required"]["reason"]) == ("INVALID_CREDENTIALS", "wrong_code")


async def test_a_new_code_of_one_step_begins_a_new_visit(person: Person) -> None:
    """Mission: update_mfa."""
    wrong = await person.connected(connector_id=1, user="user-ok", password="password-ok", token="000000")

    await repair(person, wrong, "update_mfa", {"value": "123456"})

    assert (await person.follow(wrong["id"]))["is_ready"]


async def test_a_code_that_served_before_is_refused(person: Person) -> None:
    held = await person.connected(connector_id=1, user="user-ok", password="password-ok", token="123456")
    await person.bank.control("POST", "/clock", {"seconds": 7200})

    problem = await repair(person, held, "update_mfa", {"value": "123456"}, 422)

    assert (problem["code"], problem["action"]) == ("mfa_already_used", "provide_mfa")
    assert problem["errors"][0]["user_message"] == problem["user_message"]


async def test_a_code_that_comes_too_late_is_told_so(person: Person) -> None:
    begun = await person.connect(connector_id=5)
    await person.until_asked(begun["id"])
    await person.bank.control("POST", "/clock", {"seconds": 600})

    problem = await repair(person, begun, "update_mfa", {"value": "123456"}, 409)

    assert (problem["code"], problem["action"]) == ("mfa_expired", "update_credentials")


@pytest.mark.parametrize("connector_id", [2, 600])
async def test_a_code_that_nobody_awaits_is_refused_with_what_is_awaited(person: Person, connector_id: int) -> None:
    parameters = {"cpf": "761.092.776-73"} if connector_id == 600 else OK
    begun = await person.connect(connector_id=connector_id, **parameters)
    if connector_id == 600:
        await person.until_asked(begun["id"])
    else:
        await person.follow(begun["id"])

    problem = await repair(person, begun, "update_mfa", {"value": "123456"}, 409)

    assert problem["code"] == "mfa_not_awaited"
    assert problem["action"] == ("authorize" if connector_id == 600 else None)


@pytest.mark.parametrize("user", ["user-ok-qr", "user-ok-device", "user-ok-auth-pending"])
async def test_a_device_approval_lets_the_connection_go_on_by_itself(person: Person, user: str) -> None:
    begun = await person.connect(user=user, password="password-ok")
    asked = await person.until_asked(begun["id"])
    assert asked["action_required"]["kind"] == "approve_on_device"

    await person.decide(asked["action_required"]["url"])

    assert (await person.follow(begun["id"]))["is_ready"]


async def test_credentials_and_codes_are_never_kept_nor_logged(
    person: Person, logged: io.StringIO, everything_stored: Callable[[], Awaitable[str]]
) -> None:
    """R63, R65: canaries in credentials, in a code and in refused parameters."""
    canary, code = "canary-7f3a-password", "737373"
    broken = await person.connected(user="user-canary-7f3a", password=canary)
    parameters = {"user": "user-canary-7f3a", "password": canary}
    await repair(person, broken, "update_credentials", {"parameters": parameters})
    await person.follow(broken["id"])
    refused = await repair(person, broken, "update_credentials", {"parameters": {**parameters, "pin": canary}}, 422)
    coded = await person.connect(connector_id=5)
    await person.until_asked(coded["id"])
    await repair(person, coded, "update_mfa", {"value": code})
    await person.follow(coded["id"])

    kept = logged.getvalue() + await everything_stored() + str(refused)

    assert "connection_changed" in kept
    assert [word for word in (canary, "canary-7f3a", code) if word in kept] == []


async def test_pluggy_being_away_is_told_as_such_and_the_visit_is_watched(
    person: Person, client: httpx.AsyncClient
) -> None:
    broken = await person.connected(**BAD)
    await person.bank.control(
        "POST", "/faults", {"kind": "status", "status": 500, "path": "/items/*", "method": "PATCH"}
    )

    problem = await repair(person, broken, "update_credentials", {"parameters": OK}, 503)

    assert problem["code"] == "pluggy_unavailable"
    assert (await person.read(broken["id"]))["poll_status"] == "polling"
