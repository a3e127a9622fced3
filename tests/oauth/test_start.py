"""What `connections/oauth/` refuses, and what a lost answer or a crash leaves."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.connections.service import add_awaiting_item
from app.database import Sessions, transaction
from app.oauth import flow, service
from app.oauth.mapping import awaiting_columns
from app.pluggy.models import Connector
from app.resources import Resources
from tests.oauth.rows import end_watch, event_types, one
from tests.oauth.walk import CALLBACK, CPF, DEEP_LINK, RETURN_URL, Walk
from tests.stand_in import StandIn

OAUTH = "/api/banking/connections/oauth/"


async def ask(client: httpx.AsyncClient, **given: Any) -> httpx.Response:
    return await client.post(OAUTH, json={"connector_id": 600, "parameters": {"cpf": CPF}, **given})


@pytest.mark.parametrize(
    ("given", "code", "pointer"),
    [
        ({"connector_id": 2, "parameters": {"user": "user-ok"}}, "connector_not_oauth", "/body/connector_id"),
        ({"connector_id": 4242}, "connector_not_oauth", "/body/connector_id"),
        ({"parameters": {"cpf": "761.092.776-74"}}, "invalid_request", "/body/parameters/cpf"),
        ({"parameters": {"cpf": "111.111.111-11"}}, "invalid_request", "/body/parameters/cpf"),
        ({"parameters": {}}, "invalid_request", "/body/parameters/cpf"),
        ({"parameters": {"cpf": CPF, "password": "x"}}, "invalid_request", "/body/parameters/password"),
        ({"connector_id": 602, "parameters": {"cnpj": "60701190000105"}}, "invalid_request", "/body/parameters/cnpj"),
        ({"connector_id": 602, "parameters": {"cnpj": "12ABC34501DE36"}}, "invalid_request", "/body/parameters/cnpj"),
        ({"redirect_uri": "https://evil.example/cb"}, "redirect_not_allowed", "/body/redirect_uri"),
        ({"redirect_uri": DEEP_LINK + "&more"}, "redirect_not_allowed", "/body/redirect_uri"),
        ({"return_url": RETURN_URL + "/"}, "return_url_not_allowed", "/body/return_url"),
        ({"products": ["HOROSCOPE"]}, "invalid_request", "/body/products"),
        ({"webhook": "https://app.example/hook"}, "invalid_request", "/body"),
    ],
)
async def test_a_bad_request_is_refused_by_its_field_and_leaves_nothing(
    client: httpx.AsyncClient,
    stand_in: StandIn,
    sessions: Sessions,
    owner_id: UUID,
    given: dict[str, Any],
    code: str,
    pointer: str,
) -> None:
    """Addresses are compared as whole strings (R59); one registered webhook serves all, so `webhook` is unknown.

    Mission: redirect URIs are registered beforehand.
    """
    answer = await ask(client, **given)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, code)
    assert pointer in [error["pointer"] for error in told["errors"]]
    assert await one(sessions, owner_id, "SELECT count(*) FROM connections") == 0
    assert "761.092" not in answer.text


async def test_a_company_connects_by_either_document(walk: Walk) -> None:
    begun = await walk.start(connector_id=602, parameters={"cnpj": "60.701.190/0001-04"})

    assert begun["authorization_url"]


async def test_the_item_is_the_owners_and_comes_back_with_the_state(walk: Walk, owner_id: UUID) -> None:
    """R56, R59"""
    begun = await walk.start()

    item = await walk.bank.api("GET", f"/items/{begun['item_id']}")

    assert (item["clientUserId"], item["webhookUrl"]) == (str(owner_id), None)
    assert item["oauthRedirectUri"] == f"{CALLBACK}?state={begun['state']}"


async def test_only_a_hash_of_the_state_is_kept_and_it_lives_ten_minutes(
    walk: Walk, sessions: Sessions, resources: Resources
) -> None:
    """R59: 256 random bits, hashed at rest."""
    begun = await walk.start()

    kept = await one(sessions, None, "SELECT state_hash FROM oauth_flows")
    life = await one(sessions, None, "SELECT extract(epoch FROM expires_at - created_at)::int FROM oauth_flows")

    assert len(begun["state"]) == 43
    assert kept == service.hash_of(begun["state"])
    assert life == 600
    assert begun["state"].encode() not in kept


async def test_an_order_that_pluggy_refuses_leaves_no_connection(
    client: httpx.AsyncClient, stand_in: StandIn, sessions: Sessions, owner_id: UUID
) -> None:
    await stand_in.control("PATCH", "/settings", {"itemsLimit": 1})
    await stand_in.make_item(owner_id)

    answer = await ask(client)

    assert (answer.status_code, answer.json()["code"]) == (409, "connection_limit_reached")
    assert await one(sessions, owner_id, "SELECT count(*) FROM connections") == 0
    assert await one(sessions, None, "SELECT count(*) FROM oauth_flows") == 0
    assert await one(sessions, None, "SELECT count(*) FROM owed_work") == 0


async def test_a_login_held_already_is_named_instead_of_connected_twice(walk: Walk, client: httpx.AsyncClient) -> None:
    """A second item would share the monthly quotas of the first."""
    begun = await walk.start()

    answer = await ask(client)

    told = answer.json()
    assert (answer.status_code, told["code"], told["action"]) == (409, "already_connected", "update_credentials")
    assert begun["connection"]["id"] in told["detail"]


async def test_the_same_login_of_somebody_else_is_no_obstacle_and_not_told(walk: Walk) -> None:
    """R53"""
    await walk.bank.api(
        "POST", "/items", {"connectorId": 600, "parameters": {"cpf": CPF}, "clientUserId": str(uuid4())}
    )

    begun = await walk.start()

    assert begun["authorization_url"]


async def test_a_page_that_takes_its_time_stands_on_the_connection_later(
    walk: Walk, resources: Resources, owner_id: UUID
) -> None:
    """After half a minute the client is let go; without an address the answer is a 202."""
    begun = await flow.start(resources, owner_id, flow.Wish(600, {"cpf": CPF}), patience_seconds=0.2)
    told = {"connection": {"id": str(begun.connection.id)}}
    meanwhile = await walk.connection(told)

    await walk.bank.control("POST", "/clock", {"seconds": 2.5})
    for _ in range(100):
        await walk.runner.settle()
        read = await walk.connection(told)
        if read["action_required"]:
            break
        await asyncio.sleep(0.05)

    assert (begun.authorization_url, meanwhile["action_required"], meanwhile["poll_status"]) == (None, None, "polling")
    assert (read["action_required"]["kind"], bool(read["action_required"]["url"])) == ("authorize", True)


async def lose_answer(walk: Walk) -> dict[str, Any]:
    """Start an authorisation whose POST /items is carried out, and its answer lost."""
    await walk.bank.control(
        "POST", "/faults", {"method": "POST", "path": "/items", "kind": "malformed", "remaining": 1}
    )
    begun = await walk.start(202)
    await walk.bank.control("POST", "/clock", {"seconds": 2.5})  # by then the bank has its page ready
    return begun


async def test_a_lost_answer_is_not_asked_again_and_its_event_brings_the_item(
    walk: Walk, sessions: Sessions, owner_id: UUID
) -> None:
    """A second order could make a second item. R4, R56: the orphan is adopted by its `clientUserId`."""
    begun = await lose_answer(walk)
    made = (await walk.bank.control("GET", "/items"))["results"]
    assert begun["item_id"] is None

    await walk.deliver("item/waiting_user_input", {"item_id": made[0]["id"]}, client_user_id=str(owner_id))

    read = await walk.connection(begun)
    assert len(made) == 1
    assert (read["item_id"], read["action_required"]["kind"]) == (made[0]["id"], "authorize")
    assert (await event_types(sessions, owner_id)).count("connection.created") == 1


async def test_the_persons_return_brings_the_item_too(walk: Walk) -> None:
    """Without webhooks: the state proves the connection, Pluggy the owner."""
    begun = await lose_answer(walk)
    item_id = (await walk.bank.control("GET", "/items"))["results"][0]["id"]

    await walk.land(state=begun["state"], itemId=item_id)

    assert (await walk.connection(begun))["item_id"] == item_id


async def test_an_item_of_somebody_else_is_not_adopted(walk: Walk, sessions: Sessions, owner_id: UUID) -> None:
    """R56: what the event and the browser say is no proof."""
    begun = await lose_answer(walk)
    foreign = {"connectorId": 600, "parameters": {"cpf": "238.242.640-30"}, "clientUserId": str(uuid4())}
    item = await walk.bank.api("POST", "/items", foreign)

    await walk.deliver("item/created", {"item_id": item["id"]}, client_user_id=str(owner_id))
    await walk.land(state=begun["state"], itemId=item["id"])

    assert (await walk.connection(begun))["item_id"] is None


async def test_a_crash_between_row_and_item_ends_in_a_timed_out_connection_that_can_be_deleted(
    walk: Walk, resources: Resources, sessions: Sessions, owner_id: UUID
) -> None:
    connector = Connector(id=600, name="Sandbox Open Finance", oauth=True)
    async with transaction(sessions, owner_id) as session:
        row = await add_awaiting_item(session, owner_id, awaiting_columns(connector, ()))
        await service.watch(session, owner_id, row.id, resources.settings.sync)
        await service.open_flow(session, owner_id, row.id, service.new_state(), return_url=None)
    begun = {"connection": {"id": str(row.id)}}
    await end_watch(sessions, owner_id)

    read = await walk.follow(begun)
    gone = await walk.http.delete(f"/api/banking/connections/{row.id}/")

    assert (read["poll_status"], read["item_id"]) == ("timed_out", None)
    assert gone.status_code == 202


async def test_an_item_whose_crash_lost_the_order_is_taken_by_the_next_try(walk: Walk, owner_id: UUID) -> None:
    """The same person tries again at once: one item, not two."""
    lost = await walk.bank.api(
        "POST", "/items", {"connectorId": 600, "parameters": {"cpf": CPF}, "clientUserId": str(owner_id)}
    )

    begun = await walk.start()

    assert begun["item_id"] == lost["id"]
    assert len((await walk.bank.control("GET", "/items"))["results"]) == 1


async def test_pluggy_away_before_the_order_is_a_503_that_leaves_nothing(
    client: httpx.AsyncClient, stand_in: StandIn, sessions: Sessions, owner_id: UUID
) -> None:
    await stand_in.control("POST", "/faults", {"method": "GET", "path": "/connectors/600", "kind": "status"})

    answer = await ask(client)

    assert (answer.status_code, answer.json()["code"]) == (503, "pluggy_unavailable")
    assert await one(sessions, owner_id, "SELECT count(*) FROM connections") == 0
