"""Connecting: the token, the widget, and the proof that an item is its owner's."""

from uuid import UUID, uuid4

import httpx
import pytest

from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from tests.connections.person import OK, Person
from tests.http_support import KnownCaller, make_settings, running_api


async def test_the_widget_gets_what_opens_it_and_a_page_that_does(person: Person) -> None:
    """Mission: links.create(...)."""
    body = {"products": ["ACCOUNTS", "TRANSACTIONS"]}

    token = await person.ask("POST", "/connections/create_connect_token/", body)

    assert token["widget"]["connectToken"] == token["connect_token"]
    assert token["widget"]["includeSandbox"] is True
    assert token["widget"]["products"] == ["ACCOUNTS", "TRANSACTIONS"]
    assert token["connect_url"].startswith(f"{person.bank.url}/connect?connect_token=")


async def test_an_empty_body_is_enough(person: Person) -> None:
    assert (await person.ask("POST", "/connections/create_connect_token/"))["widget"].keys() == {
        "connectToken",
        "includeSandbox",
    }


async def test_the_first_visit_ends_in_a_healthy_connection_with_everything_around_it(person: Person) -> None:
    """Mission: a connection is made from the widget's item."""
    begun = await person.connect()
    assert (begun["status"], begun["health"], begun["poll_status"]) == ("UPDATING", "UPDATING", "polling")

    await person.follow(begun["id"])
    await person.runner.settle()
    connection = await person.read(begun["id"])

    assert (connection["status"], connection["execution_status"]) == ("UPDATED", "SUCCESS")
    assert connection["last_sync"]["status"] == "succeeded"
    assert connection["retries"] == {"used": 0, "of": 2, "next_at": None}
    assert connection["auto_refresh"]["is_on"] is True
    assert connection["consent"]["type"] == "direct"
    assert {each["product"] for each in connection["product_freshness"]} == set(connection["products"])
    assert all(each["is_updated"] and each["last_updated_at"] for each in connection["product_freshness"])
    assert connection["freshness"]["as_of"] is not None
    assert "connection.created" in await person.event_types()


async def test_a_product_that_was_left_out_is_not_called_fresh(person: Person) -> None:
    connection = await person.connected(user="user-ok-account-error", password="password-ok")

    by_product = {each["product"]: each for each in connection["product_freshness"]}
    assert (by_product["ACCOUNTS"]["is_updated"], by_product["TRANSACTIONS"]["is_updated"]) == (False, True)
    assert by_product["ACCOUNTS"]["warnings"][0]["code"] == "001"


async def test_the_same_item_twice_is_one_connection(person: Person) -> None:
    first = await person.connect()

    again = await person.ask("POST", "/connections/create_from_item/", {"item_id": first["item_id"]})

    assert again["id"] == first["id"]
    assert (await person.event_types()).count("connection.created") == 1


async def test_the_widget_refuses_a_login_that_is_connected_and_its_item_leads_to_the_connection(
    person: Person,
) -> None:
    held = await person.connect()
    token = await person.ask("POST", "/connections/create_connect_token/")

    refusal = await person.use_widget(token["connect_token"], 2, OK)

    assert refusal.json()["codeDescription"] == "ITEM_USER_ALREADY_EXISTS"
    [item_id] = refusal.json()["items"]
    found = await person.ask("POST", "/connections/create_from_item/", {"item_id": item_id})
    assert found["id"] == held["id"]


async def test_a_second_login_at_the_same_bank_names_the_first(person: Person) -> None:
    first = await person.connect()

    second = await person.connect(user="user-ok-two-checking-accounts", password="password-ok")

    assert (first["same_institution"], second["same_institution"]) == ([], [first["id"]])


@pytest.mark.parametrize("whose", ["another owner's", "nobody's", "unknown"])
async def test_an_item_without_proof_is_not_found_whatever_is_the_matter_with_it(
    person: Person, other_owner_id: UUID, whose: str
) -> None:
    """R56: foreign, unlabelled and unknown items answer alike."""
    labels = {"another owner's": {"clientUserId": str(other_owner_id)}, "nobody's": {}}
    item_id = str(uuid4())
    if whose in labels:
        item = await person.bank.api("POST", "/items", {"connectorId": 2, "parameters": OK, **labels[whose]})
        item_id = item["id"]

    problem = await person.ask("POST", "/connections/create_from_item/", {"item_id": item_id}, expect=404)

    assert problem["code"] == "item_not_found"


async def test_update_mode_opens_the_widget_for_the_connections_item(person: Person) -> None:
    held = await person.connect()
    body = {"connection_id": held["id"]}

    token = await person.ask("POST", "/connections/create_connect_token/", body)

    assert token["widget"]["updateItem"] == held["item_id"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"webhook": "https://example.com"}, "invalid_request"),
        ({"products": ["accounts; DROP"]}, "invalid_request"),
        ({"oauth_redirect_uri": "https://evil.example/back"}, "redirect_not_allowed"),
        ({"oauth_redirect_uri": "http://app.example.com/back"}, "redirect_not_allowed"),
        ({"oauth_redirect_uri": "caixahub://bank/back/../x"}, "redirect_not_allowed"),
    ],
)
async def test_what_the_token_does_not_take(person: Person, body: dict[str, object], code: str) -> None:
    """R59: a redirect equals one of the list, whole. Mission: redirects are HTTPS."""
    problem = await person.ask("POST", "/connections/create_connect_token/", body, expect=422)

    [name] = body
    [fault] = problem["errors"]
    assert problem["code"] == code
    if name == "webhook":  # one registered webhook serves all connections
        known = "Known: connection_id, oauth_redirect_uri, products."
        assert fault["pointer"] == "/body"
        assert fault["detail"].endswith(known)
    else:
        assert fault["pointer"].startswith(f"/body/{name}")


async def test_products_that_pluggy_does_not_know_are_named_as_the_fault(person: Person) -> None:
    """Pluggy refuses them without a code; that is no fault of this service's, so no 502."""
    problem = await person.ask("POST", "/connections/create_connect_token/", {"products": ["HOROSCOPE"]}, expect=422)

    assert [each["pointer"] for each in problem["errors"]] == ["/body/products"]


async def test_a_webhook_field_is_refused_when_an_item_is_handed_over(person: Person) -> None:
    body = {"item_id": str(uuid4()), "webhook": "https://example.com"}

    assert (await person.ask("POST", "/connections/create_from_item/", body, expect=422))["code"] == "invalid_request"


async def test_a_sandbox_item_is_refused_where_the_sandbox_is_off(
    resources: Resources, person: Person, owner_id: UUID
) -> None:
    """Mission: PLUGGY_USE_SANDBOX tells sandbox and production apart."""
    item_id = await person.bank.make_item(owner_id)
    off = {"pluggy_use_sandbox": False, "pluggy_base_url": person.bank.url}
    keys = {"pluggy_client_id": resources.settings.pluggy.client_id, "pluggy_client_secret": "sandbox-secret"}
    settings = make_settings(database_url=resources.settings.database.url, **off, **keys)

    async with running_api(settings, caller=KnownCaller(principal=Principal(owner_id, DEFAULT_SCOPES, "person"))) as (
        _,
        http,
    ):
        answer = await http.post(
            "/api/banking/connections/create_from_item/",
            json={"item_id": str(item_id)},
            headers={"Authorization": "Bearer good"},
        )

    assert (answer.status_code, answer.json()["code"]) == (422, "sandbox_item_refused")


async def test_every_route_of_a_connection_is_not_found_for_another_owner(
    person: Person, stranger: httpx.AsyncClient
) -> None:
    """R53: another owner's id and an absent one answer alike, on every route."""
    held = await person.connect()
    routes = [
        ("GET", "{}/", None),
        ("DELETE", "{}/", None),
        ("GET", "{}/consent/", None),
        ("POST", "{}/update_credentials/", None),
        ("POST", "{}/update_credentials/", {"parameters": OK}),
        ("POST", "{}/update_mfa/", {"value": "1"}),
        ("POST", "create_connect_token/", {"connection_id": "{}"}),
    ]
    answers = []
    for connection_id in (held["id"], str(uuid4())):
        for method, path, body in routes:
            given = None if body is None else {n: connection_id if v == "{}" else v for n, v in body.items()}
            url = f"/api/banking/connections/{path.format(connection_id)}"
            answers.append(await stranger.request(method, url, json=given))

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "connection_not_found")}
    item = await stranger.post("/api/banking/connections/create_from_item/", json={"item_id": held["item_id"]})
    assert item.status_code == 404
    assert (await stranger.get("/api/banking/connections/")).json()["results"] == []


async def test_texts_come_in_the_callers_language(person: Person) -> None:
    connection = await person.connected(user="user-bad", password="password-ok")
    english = await person.ask("GET", f"/connections/{connection['id']}/", **{"Accept-Language": "en-GB"})

    assert connection["action_required"]["user_message"].startswith("O banco não aceitou")
    assert english["action_required"]["user_message"].startswith("The bank did not accept")


async def test_a_state_that_nobody_knows_yet_is_shown_as_it_is(person: Person) -> None:
    """R30. Mission: states UPDATING, UPDATED, LOGIN_ERROR and others."""
    held = await person.connected()
    await person.bank.control("PATCH", f"/items/{held['item_id']}", {"status": "HIBERNATING", "executionStatus": "X"})

    connection = await person.see_again(held)

    assert (connection["status"], connection["health"]) == ("HIBERNATING", "UNKNOWN")
    assert connection["action_required"]["reason"] == "unknown_state"


async def test_the_list_is_slim_and_says_what_to_do(person: Person) -> None:
    await person.connected(user="user-bad", password="password-ok")

    [row] = (await person.ask("GET", "/connections/"))["results"]

    assert (row["health"], row["action_required"]["kind"]) == ("INVALID_CREDENTIALS", "update_credentials")
    assert "product_freshness" not in row
