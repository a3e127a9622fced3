"""The mission's words for a connection, each from an item that is really in that state, read over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from app.connections.status import Health
from tests.connections.person import Person

WORDS: list[tuple[str, str, str | None]] = [
    ("HEALTHY", "UPDATED", "SUCCESS"),
    ("PARTIAL_SUCCESS", "UPDATED", "PARTIAL_SUCCESS"),
    ("PARTIAL_SUCCESS", "PARTIAL_SUCCESS", None),
    ("INVALID_CREDENTIALS", "LOGIN_ERROR", "INVALID_CREDENTIALS"),
    ("INVALID_CREDENTIALS", "LOGIN_ERROR", "INVALID_CREDENTIALS_MFA"),
    ("INVALID_CREDENTIALS", "OUTDATED", "ACCOUNT_CREDENTIALS_RESET"),
    ("LOGIN_ERROR", "LOGIN_ERROR", "USER_AUTHORIZATION_NOT_GRANTED"),
    ("LOGIN_ERROR", "LOGIN_ERROR", None),
    ("SUSPENDED", "LOGIN_ERROR", "USER_AUTHORIZATION_REVOKED"),
    ("SUSPENDED", "LOGIN_ERROR", "ACCOUNT_LOCKED"),
    ("WAITING_USER_INPUT", "WAITING_USER_INPUT", "WAITING_USER_INPUT"),
    ("WAITING_USER_INPUT", "WAITING_USER_ACTION", "WAITING_USER_ACTION"),
    ("WAITING_USER_INPUT", "OUTDATED", "USER_AUTHORIZATION_PENDING"),
    ("ERROR", "OUTDATED", "ERROR"),
    ("ERROR", "OUTDATED", "UNEXPECTED_ERROR"),
    ("ERROR", "OUTDATED", "MERGE_ERROR"),
    ("ERROR", "OUTDATED", "SITE_NOT_AVAILABLE"),
    ("UNKNOWN", "HIBERNATING", "DREAMING"),
    ("UPDATING", "UPDATING", "LOGIN_IN_PROGRESS"),
    ("UPDATING", "MERGING", "MERGING"),
]
READY = {"HEALTHY", "PARTIAL_SUCCESS"}
FAILED = {"INVALID_CREDENTIALS", "LOGIN_ERROR", "ERROR", "SUSPENDED"}


def test_every_word_has_a_row() -> None:
    assert {word for word, *_ in WORDS} == set(Health)


@pytest.fixture
async def held(person: Person, owner_id: UUID) -> dict[str, Any]:
    """A connection with little to read."""
    item_id = await person.bank.make_item(owner_id, products=["ACCOUNTS"])
    return await person.ask("POST", "/connections/create_from_item/", {"item_id": str(item_id)}, expect=201)


async def read_anew(person: Person, held: dict[str, Any]) -> dict[str, Any]:
    """The connection after a run that was asked for; as many events in so short a time would be put together."""
    await person.ask("POST", f"/connections/{held['id']}/sync/", {"refresh": False}, expect=202)
    await person.runner.settle()
    return await person.read(held["id"])


async def test_each_state_of_an_item_has_its_word(person: Person, held: dict[str, Any]) -> None:
    """Pluggy's own words stay beside it.

    Mission: the word HEALTHY. Mission: the word PARTIAL_SUCCESS. Mission: the word INVALID_CREDENTIALS.
    Mission: the word LOGIN_ERROR. Mission: the word WAITING_USER_INPUT. Mission: the word UPDATING.
    Mission: the word OUTDATED or ERROR. Mission: the word UNKNOWN.
    """
    told = []
    for _, status, execution_status in WORDS:
        state = {"status": status, "executionStatus": execution_status}
        await person.bank.control("PATCH", f"/items/{held['item_id']}", state)
        seen = await read_anew(person, held)
        told.append((seen["health"], seen["status"], seen["execution_status"]))
        assert (seen["is_ready"], seen["is_failed"]) == (seen["health"] in READY, seen["health"] in FAILED)

    assert told == WORDS


async def test_whatever_suspends_is_looked_at_before_the_state(person: Person, held: dict[str, Any]) -> None:
    """The item itself is UPDATED and SUCCESS all the while. Mission: the word SUSPENDED."""
    well = await person.see_again(held)
    await person.bank.control("PUT", "/connectors/2/health", {"status": "OFFLINE"})
    offline = await person.see_again(held)
    await person.bank.control("PUT", "/connectors/2/health", {"status": "ONLINE"})
    await person.bank.control("POST", f"/items/{held['item_id']}/consent/revoke")
    revoked = await person.see_again(held)

    assert {(each["status"], each["execution_status"]) for each in (well, offline, revoked)} == {("UPDATED", "SUCCESS")}
    assert [each["health"] for each in (well, offline, revoked)] == ["HEALTHY", "SUSPENDED", "SUSPENDED"]
    reasons = [each["action_required"]["reason"] for each in (offline, revoked)]
    assert reasons == ["institution_offline", "consent_revoked"]
