"""What clients may ask of items, and every refusal."""

import pytest

from tests.sandbox.desk import HOOK, OK_CPF, Desk

GOOD = {"user": "user-ok", "password": "password-ok"}


@pytest.mark.parametrize(
    ("connector", "parameters", "details"),
    [
        (2, {}, [("001", "user"), ("001", "password")]),
        (2, {"user": "bad", "password": "password-ok"}, [("002", "user")]),
        (2, {"user": "user-ok", "password": 12}, [("002", "password")]),
        (1, GOOD, [("001", "token")]),
        (600, {"cpf": "123.456.789-00"}, [("002", "cpf")]),
        (600, {"cpf": {"nested": True}}, [("001", "cpf")]),
    ],
)
async def test_bad_parameters_make_no_item_and_name_each_field(
    desk: Desk, connector: int, parameters: dict[str, object], details: list[tuple[str, str]]
) -> None:
    body = {"connectorId": connector, "parameters": parameters}

    refusal = await desk.call("POST", "/items", 400, json=body)

    assert refusal["codeDescription"] == "CONNECTOR_VALIDATION_ERROR"
    assert [(detail["code"], detail["parameter"]) for detail in refusal["details"]] == details
    assert len(desk.world.items) == 0


@pytest.mark.parametrize("cpf", ["76109277673", "761.092.776-73", "761092776-73"])
async def test_a_cpf_may_be_written_in_every_way(desk: Desk, cpf: str) -> None:
    item = await desk.settled_item(cpf, 600)

    assert item["parameter"]["type"] == "oauth"


async def test_validation_alone_is_200_even_when_something_is_wrong(desk: Desk) -> None:
    answer = await desk.call("POST", "/connectors/2/validate", json={"user": "user-ok", "password": "1"})

    assert answer["parameters"]["user"] == "user-ok"
    assert [(error["code"], error["parameter"]) for error in answer["errors"]] == [("002", "password")]


async def test_an_unknown_or_offline_connector_refuses(desk: Desk) -> None:
    unknown = await desk.call("POST", "/items", 404, json={"connectorId": 424242, "parameters": {}})
    await desk.control("PUT", "/connectors/2/health", {"status": "OFFLINE"})
    offline = await desk.call("POST", "/items", 400, json={"connectorId": 2, "parameters": GOOD})

    assert unknown["codeDescription"] == "CONNECTOR_NOT_FOUND"
    assert offline["codeDescription"] == "CONNECTOR_OFFLINE"


async def test_avoid_duplicates_names_the_clashing_items(desk: Desk) -> None:
    first = await desk.post_item()
    body = {"connectorId": 2, "parameters": GOOD, "avoidDuplicates": True}

    refusal = await desk.call("POST", "/items", 400, json=body)

    assert (refusal["codeDescription"], refusal["items"]) == ("ITEM_USER_ALREADY_EXISTS", [first["id"]])
    assert "code" not in refusal


async def test_the_plan_limit_is_409_with_its_data(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", {"itemsLimit": 1})
    await desk.post_item()

    refusal = await desk.call("POST", "/items", 409, json={"connectorId": 2, "parameters": GOOD})

    assert (refusal["codeDescription"], refusal["data"]) == ("ITEM_CREATION_LIMIT_EXCEEDED", {"itemsLimit": 1})


async def test_an_update_while_one_runs_is_400(desk: Desk) -> None:
    item = await desk.post_item()

    refusal = await desk.call("PATCH", f"/items/{item['id']}", 400, json={})

    assert refusal["codeDescription"] == "ITEM_IS_ALREADY_UPDATING"


async def test_a_fresh_item_is_not_updated_again_within_the_hour(desk: Desk) -> None:
    item = await desk.settled_item()

    refusal = await desk.call("PATCH", f"/items/{item['id']}", 409)
    await desk.advance(3600)
    updated = await desk.call("PATCH", f"/items/{item['id']}")

    assert refusal["codeDescription"] == "CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY"
    assert refusal["data"] == {"minUpdateFrequencyAllowedInHours": 1, "lastUpdatedAt": item["lastUpdatedAt"]}
    assert (updated["status"], updated["executionStatus"]) == ("UPDATING", "CREATED")


async def test_a_widget_may_update_a_fresh_item(desk: Desk) -> None:
    item = await desk.settled_item()
    token = (await desk.call("POST", "/connect_token", json={"itemId": item["id"]}))["accessToken"]

    updated = await desk.call("PATCH", f"/items/{item['id']}", headers={"X-API-KEY": token}, json={"id": item["id"]})

    assert updated["status"] == "UPDATING"


async def test_login_errors_need_new_credentials_and_then_a_pause(desk: Desk) -> None:
    item = await desk.settled_item("user-bad")
    path = f"/items/{item['id']}"

    without = await desk.call("PATCH", path, 400, json={})
    await desk.call("PATCH", path, json={"parameters": {"password": "password-no"}})
    await desk.advance(10)
    paused = await desk.call("PATCH", path, 400, json={"parameters": GOOD})
    await desk.advance(900)
    await desk.call("PATCH", path, json={"parameters": GOOD})
    await desk.advance(10)

    assert without["codeDescription"] == "LAST_EXECUTION_HAD_LOGIN_ERROR"
    assert paused["codeDescription"] == "TOO_MANY_CONSECUTIVE_LOGIN_FAILURES"
    assert paused["data"]["maxConsecutiveFailedLoginAttempts"] == 2
    assert paused["data"]["canRetryAfterDate"] > paused["data"]["lastExecutionEndedAt"]
    ended = await desk.item(item["id"])
    assert (ended["executionStatus"], ended["consecutiveFailedLoginAttempts"]) == ("SUCCESS", 0)


async def test_more_than_five_failing_runs_block_the_item(desk: Desk) -> None:
    item = await desk.settled_item("user-error")
    await desk.control("PATCH", f"/items/{item['id']}", {"failedRuns": 6})

    refusal = await desk.call("PATCH", f"/items/{item['id']}", 400, json={})

    assert refusal["codeDescription"] == "TOO_MANY_CONSECUTIVE_ERRORS"


async def test_one_step_mfa_must_be_renewed_at_each_update(desk: Desk) -> None:
    item = await desk.settled_item(connector=1, parameters={"token": "123456"})
    await desk.advance(3600)
    path = f"/items/{item['id']}"

    missing = await desk.call("PATCH", path, 400, json={})
    reused = await desk.call("PATCH", path, 400, json={"parameters": {"token": "123456"}})
    await desk.call("PATCH", path, json={"parameters": {"token": "654321"}})
    await desk.advance(10)

    assert missing["codeDescription"] == "CONNECTOR_REQUIRED_PARAMETER_VALIDATION_ERROR"
    assert missing["data"] == {"parameter": "token"}
    assert reused["codeDescription"] == "MFA_PARAMERTER_WAS_ALREADY_USED_ERROR"
    assert (await desk.item(item["id"]))["executionStatus"] == "SUCCESS"
    assert (await desk.item(item["id"]))["nextAutoSyncAt"] is None


async def test_a_wrong_one_step_token_is_a_login_error(desk: Desk) -> None:
    item = await desk.settled_item(connector=1, parameters={"token": "000000"})

    assert (item["status"], item["executionStatus"]) == ("LOGIN_ERROR", "INVALID_CREDENTIALS_MFA")


async def test_meu_pluggy_items_cannot_be_updated(desk: Desk) -> None:
    item = await desk.settled_item(connector=200, parameters={})

    refusal = await desk.call("PATCH", f"/items/{item['id']}", 400, json={})

    assert "codeDescription" not in refusal


async def test_a_deleted_item_is_gone_and_its_consent_revoked(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "item/deleted"})
    item = await desk.settled_item()
    account = (await desk.call("GET", "/accounts", params={"itemId": item["id"]}))["results"][0]

    answer = await desk.call("DELETE", f"/items/{item['id']}")
    await desk.advance(1)

    assert answer == {"count": 1}
    await desk.call("GET", f"/items/{item['id']}", 404)
    await desk.call("DELETE", f"/items/{item['id']}", 404)
    await desk.call("GET", f"/accounts/{account['id']}", 404)
    assert (await desk.call("GET", "/accounts", params={"itemId": item["id"]}))["results"] == []
    consents = (await desk.call("GET", "/consents", params={"itemId": item["id"]}))["results"]
    assert [consent["revokedAt"] is not None for consent in consents] == [True]
    [event] = desk.events()
    assert (event["event"], event["itemId"]) == ("item/deleted", item["id"])
    assert "triggeredBy" not in event


async def test_auto_sync_visits_once_a_day_until_it_is_disabled(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "item/updated"})
    item = await desk.settled_item()

    await desk.advance(3 * 86400)
    synced = await desk.item(item["id"])
    await desk.call("PATCH", f"/items/{item['id']}/disable-auto-sync")
    await desk.advance(3 * 86400)
    disabled = await desk.item(item["id"])

    assert [event["triggeredBy"] for event in desk.events()] == ["SYNC", "SYNC", "SYNC"]
    assert synced["lastUpdatedAt"] > item["lastUpdatedAt"]
    assert disabled["lastUpdatedAt"] == synced["lastUpdatedAt"]
    assert (disabled["nextAutoSyncAt"], disabled["autoSyncDisabledAt"] is None) == (None, False)


async def test_a_failing_item_is_retried_hourly_five_times_and_then_dropped(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "item/error"})
    item = await desk.settled_item("user-unavailable")

    await desk.advance(86400)

    assert len(desk.events()) == 1 + 5
    assert (await desk.item(item["id"]))["nextAutoSyncAt"] is None


async def test_a_login_error_stops_auto_sync(desk: Desk) -> None:
    item = await desk.settled_item("user-bad")

    assert item["nextAutoSyncAt"] is None


async def test_encrypted_parameters_are_understood(desk: Desk) -> None:
    import base64
    import json

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    pem = (await desk.control("GET", "/encryption-key"))["publicKey"]
    key = serialization.load_pem_public_key(pem.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    sealed = base64.b64encode(key.encrypt(json.dumps(GOOD).encode(), oaep)).decode()

    item = await desk.call("POST", "/items", json={"connectorId": 2, "parameters": sealed})
    await desk.call("POST", "/items", 400, json={"connectorId": 2, "parameters": "bm90aGluZw=="})

    assert item["status"] == "UPDATING"


async def test_listing_items_is_by_arrangement(desk: Desk) -> None:
    made = [await desk.post_item(clientUserId=f"owner-{number % 2}") for number in range(4)]
    await desk.call("GET", "/v2/items", 403)
    await desk.control("PATCH", "/settings", {"listItemsEnabled": True})

    listed = await desk.call("GET", "/v2/items?clientUserId=owner-1")

    assert {item["id"] for item in listed["results"]} == {made[1]["id"], made[3]["id"]}
    assert listed["next"] is None
    await desk.call("GET", "/v2/items?after=!!", 400)


async def test_resources_exist_in_open_finance_only(desk: Desk) -> None:
    direct = await desk.settled_item()
    shared = await desk.settled_item(OK_CPF, 600)
    await desk.decide(shared, "approve")
    await desk.advance(10)

    assert (await desk.call("GET", f"/items/{direct['id']}/resources"))["results"] == []
    resources = (await desk.call("GET", f"/items/{shared['id']}/resources"))["results"]
    assert {"ACCOUNT"} <= {resource["type"] for resource in resources}
    assert (await desk.item(shared["id"]))["hasResourcesPendingAuthorization"] is False


async def test_a_revoked_consent_ends_the_next_run_and_the_one_after_asks_anew(desk: Desk) -> None:
    item = await desk.settled_item(OK_CPF, 600)
    await desk.decide(item, "approve")
    await desk.advance(10)
    account = (await desk.call("GET", "/accounts", params={"itemId": item["id"]}))["results"][0]

    await desk.control("POST", f"/items/{item['id']}/consent/revoke")
    balance = await desk.call("GET", f"/accounts/{account['id']}/balance", 403)
    await desk.control("POST", f"/items/{item['id']}/sync")
    await desk.advance(10)
    revoked = await desk.item(item["id"])
    await desk.call("PATCH", f"/items/{item['id']}")
    await desk.advance(10)
    asking = await desk.item(item["id"])

    assert balance["codeDescription"] == "BALANCE_CONSENT_ERROR"
    assert (revoked["status"], revoked["executionStatus"]) == ("LOGIN_ERROR", "USER_AUTHORIZATION_REVOKED")
    assert asking["parameter"]["type"] == "oauth"
