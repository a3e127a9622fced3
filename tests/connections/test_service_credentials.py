"""What a person is told when Pluggy refuses this service itself, over HTTP, and how it goes on afterwards."""

from typing import Any

import pytest
from sqlalchemy import text

from app.database import Sessions, transaction
from tests.connections.person import OK, Person

ROUTES: list[tuple[str, Any]] = [
    ("create_connect_token/", None),
    ("create_from_item/", {"item_id": "0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f"}),
    (
        "oauth/",
        {"connector_id": 600, "parameters": {"cpf": "761.092.776-73"}, "redirect_uri": "caixahub://bank/back"},
    ),
    ("{}/update_credentials/", {"parameters": OK}),
    ("{}/update_mfa/", {"value": "123456"}),
    ("{}/sync/", {"refresh": True}),
]


@pytest.fixture
async def held(person: Person) -> dict[str, Any]:
    """A connection whose service then loses its key, and is given no other."""
    connection = await person.connected()
    await person.runner.settle()
    await person.bank.control("PATCH", "/settings", {"clientDisabled": True})
    await person.bank.control("POST", "/keys/revoke")
    return connection


async def test_a_disabled_application_is_our_trouble_and_not_the_persons(person: Person, held: dict[str, Any]) -> None:
    """401 CLIENT_DISABLED at POST /auth: no 401 for the client, who would log out, and nothing for it to correct."""
    for route, body in ROUTES:
        path = "/connections/" + route.format(held["id"])
        problem = await person.ask("POST", path, body, expect=502)
        english = await person.ask("POST", path, body, expect=502, **{"Accept-Language": "en"})

        assert (problem["code"], problem["action"], problem["errors"]) == ("pluggy_auth_failed", None, [])
        assert problem["user_message"].startswith("A conexão com os bancos está indisponível")
        assert english["user_message"].startswith("The connection to the banks is unavailable")
    assert (await person.read(held["id"]))["is_ready"]


async def test_a_run_says_who_must_act_and_the_next_try_succeeds(
    person: Person, held: dict[str, Any], sessions: Sessions
) -> None:
    await person.ask("POST", f"/connections/{held['id']}/sync/", {"refresh": False}, expect=202)
    await person.runner.settle()
    refused = (await person.read(held["id"]))["last_sync"]

    await person.bank.control("PATCH", "/settings", {"clientDisabled": False})
    async with transaction(sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE kind = 'sync'"))
    await person.runner.settle()
    mended = (await person.read(held["id"]))["last_sync"]

    assert (refused["status"], refused["error_code"]) == ("running", "pluggy_auth_failed")  # between two tries
    assert (mended["id"], mended["status"], mended["error_code"]) == (refused["id"], "succeeded", None)
