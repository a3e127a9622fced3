"""API keys and connect tokens."""

import time

import jwt
import pytest

from tests.sandbox.desk import KEYS, Desk


async def test_a_key_is_a_jwt_that_lives_two_hours(desk: Desk) -> None:
    key = await desk.log_in()

    claims = jwt.decode(key, options={"verify_signature": False})
    assert 7190 < claims["exp"] - time.time() <= 7200


@pytest.mark.parametrize("wrong", [{"clientId": "someone"}, {"clientSecret": "other"}, {"clientSecret": "não"}])
async def test_a_wrong_pair_is_401(desk: Desk, wrong: dict[str, str]) -> None:
    refusal = await desk.call("POST", "/auth", 401, json=KEYS | wrong)

    assert refusal["codeDescription"] == "CLIENT_KEYS_UNAUTHORIZED"


async def test_a_disabled_application_gets_no_key_until_it_is_enabled_again(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", {"clientDisabled": True})

    refusal = await desk.call("POST", "/auth", 401, json=KEYS)
    wrong = await desk.call("POST", "/auth", 401, json=KEYS | {"clientSecret": "other"})
    await desk.call("GET", "/connectors")  # the key in hand
    await desk.control("PATCH", "/settings", {"clientDisabled": False})

    assert (refusal["codeDescription"], wrong["codeDescription"]) == ("CLIENT_DISABLED", "CLIENT_KEYS_UNAUTHORIZED")
    assert await desk.log_in()


async def test_stray_fields_of_the_node_sdk_are_tolerated(desk: Desk) -> None:
    answer = await desk.call("POST", "/auth", json=KEYS | {"nonExpiring": False})

    assert set(answer) == {"apiKey"}


@pytest.mark.parametrize("key", [None, "", "garbled", "a.b.c"])
async def test_no_key_or_a_garbled_one_is_403_before_anything_else(desk: Desk, key: str | None) -> None:
    del desk.http.headers["X-API-KEY"]
    headers = {} if key is None else {"X-API-KEY": key}

    refusal = await desk.call("POST", "/items", 403, headers=headers, content=b"{not json")

    assert (refusal["code"], refusal["message"]) == (403, "Missing or invalid authorization token")
    assert "codeDescription" not in refusal


async def test_a_key_signed_by_somebody_else_is_403(desk: Desk) -> None:
    claims = jwt.decode(await desk.log_in(), options={"verify_signature": False})
    forged = jwt.encode(claims, "another key of at least thirty-two bytes", algorithm="HS256")

    await desk.call("GET", "/connectors", 403, headers={"X-API-KEY": forged})


async def test_a_key_dies_after_two_hours_of_virtual_time(desk: Desk) -> None:
    key = await desk.log_in()

    await desk.control("POST", "/clock", {"seconds": 7199})
    await desk.call("GET", "/connectors", headers={"X-API-KEY": key})
    await desk.control("POST", "/clock", {"seconds": 1})

    await desk.call("GET", "/connectors", 403, headers={"X-API-KEY": key})


async def test_revoked_keys_are_refused_and_new_ones_work(desk: Desk) -> None:
    await desk.control("POST", "/keys/revoke")

    await desk.call("GET", "/connectors", 403)
    await desk.log_in()
    await desk.call("GET", "/connectors")


async def test_a_bearer_header_is_not_a_key(desk: Desk) -> None:
    key = desk.http.headers.pop("X-API-KEY")

    await desk.call("GET", "/connectors", 403, headers={"Authorization": f"Bearer {key}"})


async def test_a_connect_token_makes_an_item_with_its_options(desk: Desk) -> None:
    options = {"clientUserId": "owner-1", "webhookUrl": "https://hooks.example.com/own", "products": ["ACCOUNTS"]}
    token = (await desk.call("POST", "/connect_token", json={"options": options}))["accessToken"]
    desk.http.headers["X-API-KEY"] = token

    item = await desk.post_item(products=None)

    assert (item["clientUserId"], item["webhookUrl"]) == ("owner-1", "https://hooks.example.com/own")
    assert item["products"] == ["ACCOUNTS"]
    assert (await desk.item(item["id"]))["id"] == item["id"]


async def test_a_connect_token_sees_only_its_own_item_and_the_reduced_accounts(desk: Desk) -> None:
    other = await desk.settled_item()
    token = (await desk.call("POST", "/connect_token"))["accessToken"]
    desk.http.headers["X-API-KEY"] = token
    own = await desk.settled_item()

    accounts = (await desk.call("GET", "/accounts", params={"itemId": own["id"]}))["results"]

    expected = {"id", "itemId", "type", "subtype", "number", "balance", "name", "currencyCode"}
    assert accounts
    assert set(accounts[0]) == expected
    await desk.call("GET", f"/items/{other['id']}", 403)
    await desk.call("GET", "/accounts", 403, params={"itemId": other["id"]})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/connect_token"), ("GET", "/webhooks"), ("GET", "/v2/transactions"), ("GET", "/identity")],
)
async def test_a_connect_token_goes_no_further_than_its_scope(desk: Desk, method: str, path: str) -> None:
    token = (await desk.call("POST", "/connect_token"))["accessToken"]

    await desk.call(method, path, 403, headers={"X-API-KEY": token})


async def test_a_connect_token_lives_thirty_minutes(desk: Desk) -> None:
    token = (await desk.call("POST", "/connect_token"))["accessToken"]

    await desk.control("POST", "/clock", {"seconds": 1800})

    await desk.call("GET", "/connectors", 403, headers={"X-API-KEY": token})


async def test_a_connect_token_for_an_unknown_item_is_404(desk: Desk) -> None:
    body = {"itemId": "00000000-0000-4000-8000-00000000dead"}

    refusal = await desk.call("POST", "/connect_token", 404, json=body)

    assert refusal["codeDescription"] == "ITEM_NOT_FOUND"
