"""The history of consents, read from the stand-in as a sync reads it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.clock import utc_now
from app.consents import service
from app.consents.validity import ConsentState
from app.database import transaction
from app.resources import Resources
from tests.connections.person import Person

CPF = "761.092.776-73"


async def authorised(person: Person) -> dict[str, Any]:
    """A connection of Open Finance that the person has authorised."""
    begun = await person.connect(connector_id=600, cpf=CPF)
    asked = await person.until_asked(begun["id"])
    await person.decide(asked["action_required"]["url"])
    return await person.follow(begun["id"])


async def record(
    resources: Resources, owner_id: UUID, connection: dict[str, Any], *, at: datetime | None = None
) -> ConsentState:
    """Read the consents as a run does."""
    found = [
        each async for page in resources.pluggy.iter_consent_pages(UUID(connection["item_id"])) for each in page.results
    ]
    async with transaction(resources.sessions, owner_id) as session:
        return await service.record(session, owner_id, UUID(connection["id"]), found, at or utc_now())


async def test_a_granted_consent_is_kept_with_its_products_and_permissions(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    """R67"""
    connection = await authorised(person)

    state = await record(resources, owner_id, connection)
    consent = await person.ask("GET", f"/connections/{connection['id']}/consent/")

    assert state.is_valid
    assert (consent["type"], consent["is_valid"], consent["reason"]) == ("open_finance", True, "active")
    assert "ACCOUNTS_TRANSACTIONS" in consent["permissions"]
    assert (consent["expires_at"], consent["renewal"]) == (None, None)
    assert [each["event"] for each in consent["history"]] == ["granted"]
    assert (await person.read(connection["id"]))["consent"]["granted_at"] == consent["granted_at"]
    assert (await person.event_types()).count("consent.granted") == 1


async def test_an_equal_consent_adds_nothing_to_the_history(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    connection = await authorised(person)

    for _ in range(3):
        await record(resources, owner_id, connection)

    consent = await person.ask("GET", f"/connections/{connection['id']}/consent/")
    assert len(consent["history"]) == 1


async def test_a_withdrawal_at_the_bank_is_found_by_reading(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    """Mission: a consent's validity is checked."""
    connection = await authorised(person)
    await record(resources, owner_id, connection)
    await person.bank.control("POST", f"/items/{connection['item_id']}/consent/revoke")

    state = await record(resources, owner_id, connection)
    consent = await person.ask("GET", f"/connections/{connection['id']}/consent/")
    shown = await person.read(connection["id"])

    assert state.forbids_reading
    assert (consent["is_valid"], consent["reason"]) == (False, "revoked")
    assert [(each["event"], each["seen_by"]) for each in consent["history"]] == [
        ("revoked", "consents"),
        ("granted", "consents"),
    ]
    assert (shown["health"], shown["action_required"]["reason"]) == ("SUSPENDED", "consent_revoked")
    assert shown["auto_refresh"] == {
        "is_on": False,
        "reason": "consent_ended",
        "next_at": shown["auto_refresh"]["next_at"],
    }
    assert (await person.event_types()).count("consent.revoked") == 1


async def test_a_withdrawal_that_only_the_visit_tells_of_is_kept_once(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    connection = await authorised(person)
    await record(resources, owner_id, connection)
    state = {"status": "LOGIN_ERROR", "executionStatus": "USER_AUTHORIZATION_REVOKED"}
    await person.bank.control("PATCH", f"/items/{connection['item_id']}", state)
    await person.see_again(connection)

    first = await record(resources, owner_id, connection)
    second = await record(resources, owner_id, connection, at=utc_now() + timedelta(hours=1))
    consent = await person.ask("GET", f"/connections/{connection['id']}/consent/")

    assert first == second
    assert [(each["event"], each["seen_by"]) for each in consent["history"]] == [
        ("revoked", "item"),
        ("granted", "consents"),
    ]


async def test_a_new_authorisation_is_a_consent_of_its_own_in_the_same_history(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    """Mission: the consent and its details."""
    connection = await authorised(person)
    await record(resources, owner_id, connection)
    await person.bank.control("POST", f"/items/{connection['item_id']}/consent/revoke")
    await person.bank.run_item(UUID(connection["item_id"]))
    await record(resources, owner_id, connection)
    told = await person.ask("POST", f"/connections/{connection['id']}/update_credentials/")
    await person.decide(told["authorization"]["authorization_url"])
    healed = await person.follow(connection["id"])

    state = await record(resources, owner_id, connection)
    shown = await person.read(connection["id"])

    assert (healed["is_failed"], state.is_valid, shown["health"]) == (False, True, "HEALTHY")
    consent = await person.ask("GET", f"/connections/{connection['id']}/consent/")
    assert [each["event"] for each in consent["history"]] == ["granted", "revoked", "granted"]


async def test_each_renewal_prompt_is_told_once_and_again_for_a_new_date(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    connection = await authorised(person)
    now = utc_now()
    path = f"/items/{connection['item_id']}/consent/expiry"
    await person.bank.control("PUT", path, {"expiresAt": (now + timedelta(days=40)).isoformat()})

    for days in (0, 11, 11, 27, 34, 39, 39):
        await record(resources, owner_id, connection, at=now + timedelta(days=days))
    await person.bank.control("PUT", path, {"expiresAt": (now + timedelta(days=365)).isoformat()})
    await record(resources, owner_id, connection, at=now + timedelta(days=39))
    await record(resources, owner_id, connection, at=now + timedelta(days=340))

    told = [each["data"]["days_left"] for each in await person.events() if each["type"] == "consent.expiring"]
    assert told == [30, 14, 7, 1, 30]


async def test_outside_open_finance_the_consent_is_direct_and_has_no_permissions(person: Person) -> None:
    connection = await person.connected()

    consent = await person.ask("GET", f"/connections/{connection['id']}/consent/")

    assert (consent["type"], consent["is_valid"], consent["permissions"]) == ("direct", True, [])


async def test_deleting_the_connection_is_kept_as_the_withdrawal_that_it_is(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    """R67: the history outlives the connection."""
    connection = await authorised(person)
    await record(resources, owner_id, connection)

    await person.ask("DELETE", f"/connections/{connection['id']}/", expect=202)

    async with transaction(resources.sessions, owner_id) as session:
        rows = await session.execute(text("SELECT event, seen_by FROM consents ORDER BY id"))
    assert [tuple(row) for row in rows] == [("granted", "consents"), ("revoked", "deletion")]


@pytest.mark.parametrize("statement", ["UPDATE consents SET event = 'x'", "DELETE FROM consents"])
async def test_the_service_can_not_change_the_history(resources: Resources, owner_id: UUID, statement: str) -> None:
    """R67: append-only, by the rights of its role."""
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with transaction(resources.sessions, owner_id) as session:
            await session.execute(text(statement))
