"""The control plane: reset, clock, forced states, decided runs; and surviving a restart."""

from pathlib import Path

import pytest

from tests.sandbox.desk import HOOK, OK_CPF, START, Desk, open_desk

COMPANY = "60.701.190/0001-04"


async def ledger_of(desk: Desk) -> bytes:
    await desk.settled_item(products=None)
    await desk.settled_item("user-ok", 4, products=None)
    await desk.advance(10 * 86400)
    response = await desk.http.get("/_control/truth")
    return response.content


async def test_two_runs_with_one_seed_give_byte_equal_ledgers_and_another_seed_another() -> None:
    async with open_desk(seed="one") as desk:
        first = await ledger_of(desk)
        await desk.control("POST", "/reset", {"seed": "one", "now": START, "frozen": True})
        again = await ledger_of(desk)
        await desk.control("POST", "/reset", {"seed": "two", "now": START, "frozen": True})
        other = await ledger_of(desk)

    assert len(first) > 10_000
    assert first == again
    assert first != other


async def test_the_truth_is_what_the_api_shows(desk: Desk) -> None:
    item = await desk.settled_item(products=None)

    [held] = (await desk.control("GET", f"/truth?itemId={item['id']}"))["items"]

    for account in held["accounts"]:
        shown = await desk.call("GET", "/v2/transactions", params={"accountId": account["id"]})
        expected = [(row["id"], float(row["amount"])) for row in account["transactions"][:500]]
        assert [(row["id"], row["amount"]) for row in shown["results"]] == expected


async def test_the_truth_of_several_items_pairs_what_moves_between_them(desk: Desk) -> None:
    made = [await desk.settled_item(connector=connector, products=None) for connector in (0, 2)]
    one, other = (item["id"] for item in made)

    alone = (await desk.control("GET", f"/truth?itemId={one}"))["facts"]
    both = (await desk.control("GET", f"/truth?itemId={one}&itemId={other}"))["facts"]

    assert both == (await desk.control("GET", f"/truth?itemId={one},{other}"))["facts"]
    assert both == (await desk.control("GET", "/truth"))["facts"]
    assert len(both["transfers"]) > len(alone["transfers"])
    assert alone["unpaired_transfers"]
    assert both["unpaired_transfers"] == []
    await desk.control("GET", f"/truth?itemId={one}&itemId=unknown", expect=404)


async def test_a_company_with_two_banks_has_every_kind_of_fact(desk: Desk) -> None:
    for connector in (602, 613):
        body = {"connectorId": connector, "parameters": {"cnpj": COMPANY}}
        made = await desk.call("POST", "/items", json=body)
        await desk.advance(10)
        await desk.decide(await desk.item(made["id"]), "approve")
        await desk.advance(10)

    facts = (await desk.control("GET", "/truth"))["facts"]

    planted = {kind for kind, found in facts.items() if found}
    assert planted >= {"installments", "transfers", "card_payments", "recurring", "duplicates", "fees", "decoys"}


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    async with open_desk(tmp_path, seed="kept") as desk:
        webhook = await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "all", "headers": {"X-S": "1"}})
        key = desk.http.headers["X-API-KEY"]
        item = await desk.settled_item(clientUserId="owner-1", products=None)
        waiting = await desk.settled_item(connector=5)
        await desk.control("PATCH", "/settings", {"itemsLimit": 7})
        await desk.control("POST", "/faults", {"kind": "status", "path": "/loans"})
        truth = (await desk.http.get("/_control/truth")).content

    async with open_desk(tmp_path, seed="ignored", frozen=False) as desk:
        desk.http.headers["X-API-KEY"] = key
        assert await desk.item(item["id"]) == item
        assert await desk.item(waiting["id"]) == waiting
        assert await desk.call("GET", f"/webhooks/{webhook['id']}") == webhook
        assert (await desk.http.get("/_control/truth")).content == truth
        assert (await desk.control("GET", "/settings"))["itemsLimit"] == 7
        await desk.call("GET", "/loans", 500)
        await desk.call("POST", f"/items/{waiting['id']}/mfa", json={"token": "123456"})
        await desk.advance(10)
        assert (await desk.item(waiting["id"]))["executionStatus"] == "SUCCESS"


async def test_what_the_control_plane_did_survives_a_restart_too(tmp_path: Path) -> None:
    """Time and its standstill, edits shown and not yet shown, consents, a bank's health, rules, what is on its way."""
    async with open_desk(tmp_path) as desk:
        await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "item/updated"})
        item = await desk.settled_item(products=None)
        accounts = (await desk.call("GET", "/accounts", params={"itemId": item["id"]}))["results"]
        row = (await desk.call("GET", "/v2/transactions", params={"accountId": accounts[0]["id"]}))["results"][0]
        await desk.control("POST", f"/transactions/{row['id']}/restate?applyNow=true", {"description": "RESTATED"})
        coming = {"date": START, "description": "LATE", "amount": -1}
        await desk.control("POST", f"/accounts/{accounts[0]['id']}/transactions", {"rows": [coming]})
        await desk.control("POST", f"/items/{item['id']}/consent/revoke")
        await desk.control("POST", f"/items/{item['id']}/next-run", {"outcome": "SITE_NOT_AVAILABLE"})
        await desk.control("PUT", "/connectors/0/health", {"status": "UNSTABLE"})
        await desk.control("POST", "/webhook-rules", {"kind": "delay", "seconds": 60, "remaining": 1})
        await desk.control("POST", "/events", {"event": "item/updated", "payload": {"itemId": item["id"]}})
        before = await everything(desk)

    async with open_desk(tmp_path, frozen=False) as desk:
        assert await everything(desk) == before
        assert desk.events() == []
        await desk.advance(61)
        assert [event["event"] for event in desk.events()] == ["item/updated"]


async def everything(desk: Desk) -> dict[str, object]:
    """All that can be seen of a stand-in from behind."""
    parts = ("/clock", "/settings", "/items", "/truth", "/faults", "/webhook-rules", "/deliveries")
    seen: dict[str, object] = {part: await desk.control("GET", part) for part in parts}
    seen["bank"] = (await desk.call("GET", "/connectors/0"))["health"]
    for item in (await desk.control("GET", "/items"))["results"]:
        seen[item["id"]] = await desk.call("GET", "/consents", params={"itemId": item["id"]})
    return seen


async def test_a_run_cut_off_by_a_restart_goes_on_where_its_time_says(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        made = await desk.post_item()
        await desk.advance(0.3)

    async with open_desk(tmp_path, frozen=False) as desk:
        await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "item/all"})
        await desk.advance(10)
        ended = await desk.item(made["id"])

    assert ended["executionStatus"] == "SUCCESS"
    assert [event["event"] for event in desk.events()] == ["item/created"]


async def test_a_state_can_be_forced_with_its_event(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "item/error"})
    item = await desk.post_item()
    state = {
        "status": "OUTDATED",
        "executionStatus": "A_NEW_ONE",
        "error": {"code": "A_NEW_ONE", "message": "Never seen before"},
        "event": "item/error",
    }

    await desk.control("PATCH", f"/items/{item['id']}", state)
    await desk.advance(10)

    forced = await desk.item(item["id"])
    assert (forced["status"], forced["executionStatus"]) == ("OUTDATED", "A_NEW_ONE")
    assert desk.events()[0]["error"]["code"] == "A_NEW_ONE"


async def test_the_next_run_can_be_decided_once(desk: Desk) -> None:
    item = await desk.settled_item(products=None)
    path = f"/items/{item['id']}"
    await desk.control("POST", f"{path}/next-run", {"stale": "TRANSACTIONS", "warningCode": "423"})

    await desk.control("POST", f"{path}/sync")
    await desk.advance(10)
    partial = await desk.item(item["id"])
    await desk.control("POST", f"{path}/sync")
    await desk.advance(10)
    after = await desk.item(item["id"])

    assert (partial["status"], partial["executionStatus"]) == ("UPDATED", "PARTIAL_SUCCESS")
    assert partial["statusDetail"]["transactions"]["lastUpdatedAt"] == item["lastUpdatedAt"]
    assert partial["statusDetail"]["transactions"]["warnings"][0]["code"] == "423"
    assert (after["executionStatus"], after["statusDetail"]) == ("SUCCESS", None)


@pytest.mark.parametrize("outcome", ["SITE_NOT_AVAILABLE", "INVALID_CREDENTIALS", "MERGE_ERROR"])
async def test_the_next_run_can_be_made_to_fail(desk: Desk, outcome: str) -> None:
    item = await desk.settled_item()

    await desk.control("POST", f"/items/{item['id']}/next-run", {"outcome": outcome})
    await desk.control("POST", f"/items/{item['id']}/sync")
    await desk.advance(2)

    failed = await desk.item(item["id"])
    assert failed["executionStatus"] == failed["error"]["code"] == outcome


async def test_a_visit_to_an_offline_bank_fails_until_it_is_mended(desk: Desk) -> None:
    item = await desk.settled_item()
    path = f"/items/{item['id']}/sync"

    await desk.control("PUT", "/connectors/2/health", {"status": "OFFLINE"})
    await desk.control("POST", path)
    await desk.advance(10)
    failed = await desk.item(item["id"])
    await desk.control("PUT", "/connectors/2/health", {"status": "ONLINE"})
    await desk.control("POST", path)
    await desk.advance(10)

    assert (failed["status"], failed["executionStatus"]) == ("OUTDATED", "SITE_NOT_AVAILABLE")
    assert (await desk.item(item["id"]))["executionStatus"] == "SUCCESS"


async def test_the_control_plane_is_not_in_the_real_paths_and_has_its_own_document(desk: Desk) -> None:
    real = (await desk.http.get("/openapi.json")).json()["paths"]
    control = (await desk.http.get("/_control/openapi.json")).json()["paths"]

    assert "/v2/transactions" in real
    assert "/truth" in control
    assert not [path for path in real if path.startswith(("/_control", "/connect/", "/oauth"))]


async def test_time_out_of_reason_is_refused(desk: Desk) -> None:
    await desk.control("POST", "/clock", {"seconds": 1e12}, expect=400)
    await desk.control("POST", "/clock", {"now": "1999-01-01T00:00:00Z"}, expect=400)


async def test_reset_can_keep_the_webhooks(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "all"})
    await desk.post_item()

    await desk.control("POST", "/reset", {"keepWebhooks": True})
    await desk.log_in()  # the clock runs again, months later
    kept = (await desk.call("GET", "/webhooks"))["total"]
    items = (await desk.control("GET", "/items"))["total"]
    await desk.control("POST", "/reset")

    assert (kept, items) == (1, 0)
    assert (await desk.call("GET", "/webhooks"))["total"] == 0


async def test_a_consent_can_be_given_an_end(desk: Desk) -> None:
    item = await desk.settled_item()

    await desk.control("PUT", f"/items/{item['id']}/consent/expiry", {"expiresAt": "2026-04-01T00:00:00Z"})

    assert (await desk.item(item["id"]))["consentExpiresAt"] == "2026-04-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("connector", "verdict", "end"),
    [
        (5, "ok", "SUCCESS"),
        (5, "wrong", "INVALID_CREDENTIALS_MFA"),
        (5, "expired", "USER_INPUT_TIMEOUT"),
        (600, "ok", "SUCCESS"),
        (600, "denied", "USER_AUTHORIZATION_NOT_GRANTED"),
        (600, "expired", "USER_INPUT_TIMEOUT"),
    ],
)
async def test_whoever_is_awaited_can_be_answered_for(desk: Desk, connector: int, verdict: str, end: str) -> None:
    item = await desk.settled_item(OK_CPF if connector == 600 else "user-ok", connector)

    await desk.control("POST", f"/items/{item['id']}/approve", {"verdict": verdict})
    await desk.advance(10)

    assert (await desk.item(item["id"]))["executionStatus"] == end
    await desk.control("POST", f"/items/{item['id']}/approve", {"verdict": verdict}, expect=409)


async def test_items_that_nobody_updates_vanish_when_the_setting_says_so(desk: Desk) -> None:
    """The real sandbox does so after 30 days."""
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "item/deleted"})
    item = await desk.settled_item()
    await desk.control("PATCH", "/settings", {"autoSyncHours": 0})
    await desk.call("PATCH", f"/items/{item['id']}/disable-auto-sync")
    await desk.control("PATCH", "/settings", {"sandboxIdleDeleteDays": 30})

    await desk.advance(29 * 86400)
    await desk.item(item["id"])
    await desk.advance(2 * 86400)

    assert (await desk.call("GET", f"/items/{item['id']}", 404))["codeDescription"] == "ITEM_NOT_FOUND"
    assert [event["itemId"] for event in desk.events()] == [item["id"]]


async def test_rules_for_webhooks_are_listed_and_taken_back(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "all"})
    await desk.control("POST", "/webhook-rules", {"kind": "drop"})
    for wrong in ({"kind": "lose"}, {"kind": "delay", "seconds": -1}, {"kind": "duplicate", "copies": 101}):
        await desk.control("POST", "/webhook-rules", wrong, expect=400)

    listed = await desk.control("GET", "/webhook-rules")
    await desk.control("DELETE", "/webhook-rules")
    await desk.control("POST", "/events", {"event": "item/updated", "payload": {}})
    await desk.advance(1)

    assert [rule["kind"] for rule in listed] == ["drop"]
    assert len(desk.events()) == 1
