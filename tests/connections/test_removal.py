"""Deleting a connection: at once for its owner, owed at Pluggy, whatever happens meanwhile (R35)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.connections import service as connections
from app.connections.errors import ConnectionFenced
from app.database import transaction
from app.pluggy.models import ItemStatus
from app.resources import Resources
from app.sync import service as sync
from app.sync.models import SyncTrigger
from tests.connections.person import Person


async def delete(person: Person, connection: dict[str, Any]) -> dict[str, Any]:
    return await person.ask("DELETE", f"/connections/{connection['id']}/", expect=202)


def found(words: set[str], text: str) -> set[str]:
    """Those of the words that stand in a row as a whole value."""
    return {word for word in words if f",{word}," in text or f'"{word}"' in text}


async def owed_kinds(resources: Resources) -> list[str]:
    async with transaction(resources.sessions, None) as session:
        return list((await session.execute(text("SELECT kind FROM owed_work ORDER BY kind"))).scalars())


async def hasten(resources: Resources) -> None:
    """Let the spacing of failed attempts pass."""
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE due_at < 'infinity'"))


async def test_a_deleted_connection_is_gone_at_once_and_its_item_soon_after(person: Person) -> None:
    held = await person.connected()

    deletion = await delete(person, held)
    await person.ask("GET", f"/connections/{held['id']}/", expect=404)
    await person.runner.settle()

    assert deletion["status"] == "pending"
    assert (await person.ask("GET", f"/deletions/{deletion['id']}/"))["status"] == "finished"
    assert [item["id"] for item in (await person.bank.control("GET", "/items"))["results"]] == []
    assert (await person.event_types())[-1] == "connection.deleted"
    await person.ask("DELETE", f"/connections/{held['id']}/", expect=404)


async def test_deleting_revokes_the_consent_at_pluggy(person: Person) -> None:
    """Mission: deleting revokes the consent."""
    begun = await person.connect(connector_id=600, cpf="761.092.776-73")
    asked = await person.until_asked(begun["id"])
    await person.decide(asked["action_required"]["url"])
    held = await person.follow(begun["id"])

    await delete(person, held)
    await person.runner.settle()

    consents = await person.bank.api("GET", "/consents", itemId=held["item_id"])
    assert [consent["revokedAt"] is not None for consent in consents["results"]] == [True]


async def test_nothing_personal_is_left_and_the_ids_are(
    person: Person, everything_stored: Callable[[], Awaitable[str]]
) -> None:
    """R68"""
    held = await person.connected()
    await person.runner.settle()
    accounts = (await person.ask("GET", "/accounts/"))["results"]
    listed = (await person.ask("GET", "/transactions/"))["results"]
    personal = {row["description"] for row in listed} | {account["name"] for account in accounts}
    assert found(personal, await everything_stored()) == personal

    await delete(person, held)
    await person.runner.settle()
    kept = await everything_stored()

    assert found(personal, kept) == set()
    assert (await person.ask("GET", "/transactions/"))["results"] == []
    assert held["id"] in kept


async def test_while_pluggy_is_down_the_deletion_stays_owed_and_ends_when_it_is_back(
    resources: Resources, person: Person
) -> None:
    held = await person.connected()
    fault = {"kind": "status", "status": 503, "path": "/items/*", "method": "DELETE"}
    await person.bank.control("POST", "/faults", fault)

    deletion = await delete(person, held)
    await person.runner.settle()
    assert (await person.ask("GET", f"/deletions/{deletion['id']}/"))["status"] == "pending"
    assert "deletion" in await owed_kinds(resources)

    await person.bank.control("DELETE", "/faults")
    await hasten(resources)
    await person.runner.settle()
    assert (await person.ask("GET", f"/deletions/{deletion['id']}/"))["status"] == "finished"
    assert await owed_kinds(resources) == []


async def test_an_item_that_pluggy_no_longer_has_is_as_good_as_deleted(person: Person) -> None:
    held = await person.connected()
    await person.bank.api("DELETE", f"/items/{held['item_id']}")

    deletion = await delete(person, held)
    await person.runner.settle()

    assert (await person.ask("GET", f"/deletions/{deletion['id']}/"))["status"] == "finished"


async def test_a_run_under_way_writes_nothing_more_and_is_cancelled(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    """R17"""
    held = await person.connected()
    await person.runner.settle()
    connection_id = UUID(held["id"])
    async with transaction(resources.sessions, owner_id) as session:
        run = await sync.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.API)
        claim = await sync.claim(session, owner_id, run.id, patience_seconds=60)
        queued = await sync.request_sync(session, owner_id, connection_id, trigger=SyncTrigger.API)
    assert claim is not None

    await delete(person, held)

    with pytest.raises(ConnectionFenced):
        async with transaction(resources.sessions, owner_id) as session:
            await connections.hold_fence(session, owner_id, connection_id, claim.fence)
    statuses = [(await person.ask("GET", f"/syncs/{each.id}/"))["status"] for each in (run, queued)]
    assert statuses == ["cancelled", "cancelled"]
    await person.runner.settle()
    assert await owed_kinds(resources) == []


async def test_a_late_event_of_a_deleted_item_has_no_effect(resources: Resources, person: Person) -> None:
    held = await person.connected()
    await delete(person, held)

    await person.deliver("item/updated", held["item_id"])
    await person.deliver("item/deleted", held["item_id"])

    assert (await person.ask("GET", "/connections/"))["results"] == []
    assert await owed_kinds(resources) == []


async def test_a_deleted_item_can_not_be_handed_over_again(person: Person) -> None:
    held = await person.connected()
    await delete(person, held)
    while_pending = await person.ask("POST", "/connections/create_from_item/", {"item_id": held["item_id"]}, expect=409)
    await person.runner.settle()

    afterwards = await person.ask("POST", "/connections/create_from_item/", {"item_id": held["item_id"]}, expect=404)

    assert (while_pending["code"], afterwards["code"]) == ("connection_being_deleted", "item_not_found")


async def test_an_item_that_pluggy_deletes_by_itself_keeps_its_history_and_says_so(person: Person) -> None:
    held = await person.connected()
    await person.runner.settle()
    before = (await person.ask("GET", "/transactions/"))["results"]
    await person.bank.api("DELETE", f"/items/{held['item_id']}")

    await person.deliver("item/deleted", held["item_id"])
    connection = await person.read(held["id"])

    assert (connection["status"], connection["health"]) == ("DELETED", "SUSPENDED")
    assert (connection["action_required"]["kind"], connection["action_required"]["reason"]) == (
        "reconnect",
        "item_deleted",
    )
    assert connection["auto_refresh"]["reason"] == "item_deleted"
    assert (await person.ask("GET", f"/connections/{held['id']}/consent/"))["reason"] == "item_deleted"
    assert before
    assert (await person.ask("GET", "/transactions/"))["results"] == before
    assert "connection.action_required" in await person.event_types()


async def test_a_connection_that_awaits_a_person_is_deleted_with_what_it_awaited(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    begun = await person.connect(connector_id=600, cpf="761.092.776-73")
    asked = await person.until_asked(begun["id"])
    assert asked["status"] == ItemStatus.WAITING_USER_INPUT

    await delete(person, begun)

    async with transaction(resources.sessions, owner_id) as session:
        kept = (await session.execute(text("SELECT parameter, institution_name FROM connections"))).one()
        flows = (await session.execute(text("SELECT count(*) FROM oauth_flows"))).scalar_one()
    assert (tuple(kept), flows) == ((None, "?"), 0)
    await person.runner.settle()
    assert await owed_kinds(resources) == []


async def test_deletions_of_another_owner_are_not_found(person: Person, stranger: Any) -> None:
    """R53"""
    deletion = await delete(person, await person.connect())

    answers = [await stranger.get(f"/api/banking/deletions/{each}/") for each in (deletion["id"], uuid4())]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "deletion_not_found")}
