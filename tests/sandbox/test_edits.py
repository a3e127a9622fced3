"""Edits of the bank's reality, as the API shows them and as events tell them."""

import pytest

from sandbox.events import emit_transaction_events
from sandbox.ledger import AccountChanges
from tests.sandbox.desk import HOOK, Desk, Json
from tests.sandbox.test_transactions import checking, pages_of


async def rows_of(desk: Desk, account: Json) -> dict[str, Json]:
    return {row["id"]: row for page in await pages_of(desk, f"?accountId={account['id']}") for row in page}


async def collect(desk: Desk, account: Json) -> None:
    await desk.control("POST", f"/items/{account['itemId']}/sync")
    await desk.advance(10)


async def test_an_added_row_shows_after_the_next_collection_with_its_exact_amount(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    body = b'{"rows": [{"date": "2026-03-01", "description": "Feira", "amount": -12.3456}]}'

    made = (await desk.http.post(f"/_control/accounts/{account['id']}/transactions", content=body)).json()
    before = await rows_of(desk, account)
    await collect(desk, account)
    after = (await desk.http.get(f"/transactions/{made['ids'][0]}")).text

    assert made["ids"][0] not in before
    assert '"amount":-12.3456,' in after


async def test_a_change_applied_at_once_keeps_the_id_and_is_told(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "transactions/updated"})
    some = next(iter((await rows_of(desk, account)).values()))

    await desk.control("PATCH", f"/transactions/{some['id']}?applyNow=true", {"description": "Outra"})
    await desk.advance(1)

    changed = await desk.call("GET", f"/transactions/{some['id']}")
    assert (changed["description"], changed["amount"]) == ("Outra", some["amount"])
    assert changed["updatedAt"] > some["updatedAt"]
    [event] = desk.events()
    assert (event["accountId"], event["transactionIds"]) == (account["id"], [some["id"]])


async def test_a_restated_row_is_deleted_and_created_without_a_link(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "all"})
    some = next(iter((await rows_of(desk, account)).values()))
    desk.received.clear()

    made = await desk.control("POST", f"/transactions/{some['id']}/restate", {"description": "Corrigida"})
    await collect(desk, account)

    rows = await rows_of(desk, account)
    assert some["id"] not in rows
    assert rows[made["ids"][0]]["amount"] == some["amount"]
    deleted = next(event for event in desk.events("transactions/deleted") if event["accountId"] == account["id"])
    assert deleted["transactionIds"] == [some["id"]]
    assert "triggeredBy" not in deleted
    assert desk.events("transactions/created")


async def test_removed_rows_go_and_can_come_back(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    some = list(await rows_of(desk, account))[:2]

    await desk.control("POST", "/transactions/remove?applyNow=true", {"ids": some})
    gone = await rows_of(desk, account)
    await desk.control("POST", "/transactions/restore?applyNow=true", {"ids": some[:1]})

    assert not set(some) & set(gone)
    assert set(some) & set(await rows_of(desk, account)) == {some[0]}


async def test_more_than_four_hundred_changes_come_in_several_events(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "transactions/updated"})
    item = desk.world.item((await desk.post_item())["id"])
    ids = [f"row-{number}" for number in range(801)]

    emit_transaction_events(desk.world, item, "account", AccountChanges(updated=ids), at=desk.world.now())
    await desk.advance(0.01)

    told = [event["transactionIds"] for event in desk.events()]
    assert sorted(len(part) for part in told) == [1, 400, 400]
    assert sorted(id_ for part in told for id_ in part) == sorted(ids)


async def test_a_bill_can_be_closed_early(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    params = {"itemId": account["itemId"], "type": "CREDIT"}
    card = (await desk.call("GET", "/accounts", params=params))["results"][0]

    closed = await desk.control("POST", f"/accounts/{card['id']}/close-bill")
    await collect(desk, account)

    bill = await desk.call("GET", f"/bills/{closed['billId']}")
    listed = (await desk.call("GET", "/bills", params={"accountId": card["id"]}))["results"]
    assert bill in listed


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/accounts/nothing/transactions", {"rows": [{"date": "2026-01-01", "description": "x", "amount": 1}]}, 404),
        ("/accounts/{id}/transactions", {"rows": [{"date": "2026-01-01"}]}, 400),
        ("/accounts/{id}/transactions", {"rows": 7}, 400),
        ("/transactions/nothing/restate", {}, 404),
        ("/transactions/remove", {"ids": ["nothing"]}, 404),
        ("/accounts/{id}/close-bill", None, 404),
    ],
)
async def test_edits_that_make_no_sense_are_refused(desk: Desk, path: str, body: object, status: int) -> None:
    account = await checking(desk, "user-ok")

    await desk.control("POST", path.replace("{id}", account["id"]), body, expect=status)
