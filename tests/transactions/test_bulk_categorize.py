"""Many transactions into one category at once."""

from uuid import UUID, uuid4

import httpx
import pytest

from app.database import Sessions
from tests.readers import ROOT, read_all
from tests.transactions.support import LIST, add_rows, ids

BULK = LIST + "bulk_categorize/"
EATING, GROCERIES = "11010000", "10000000"


async def in_category(client: httpx.AsyncClient, category: str) -> set[UUID]:
    return set(ids(await read_all(client, "transactions/", category=category)))


async def test_rows_are_put_into_a_category_by_their_ids_and_told_of(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """Mission: many transactions are categorised at once. Pluggy itself takes one at a time; so it is done here."""
    given = [{}, {"user_category_id": EATING}, {"pluggy_category_id": EATING}, {}]
    seen = {"change_number": 0, "created_number": 0}
    rows = await add_rows(sessions, owner_id, *({**each, **seen} for each in given))
    cursor = (await client.get(LIST + "changes/")).json()["next_cursor"]

    answer = await client.post(BULK, json={"ids": [str(each) for each in rows[:3]], "category_id": EATING})

    assert answer.json() == {"matched": 3, "changed": 2, "recategorized": 1, "dry_run": False}
    assert await in_category(client, EATING) == set(rows[:3])
    changed = (await client.get(LIST + "changes/", params={"cursor": cursor})).json()
    assert set(ids(changed["modified"])) == {rows[0], rows[2]}
    (revision,) = (await client.get(f"{LIST}{rows[0]}/history/")).json()["results"]
    assert revision["changes"] == [{"field": "category.id", "before": None, "after": EATING}]
    events = (await client.get(ROOT + "events/")).json()["results"]
    assert [(event["type"], event["data"]) for event in events] == [("transactions.changed", {"updated": 2})]


async def test_a_filter_takes_what_the_list_under_it_shows_and_a_dry_run_only_counts(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    rows = await add_rows(
        sessions, owner_id, *({"pluggy_category_id": each} for each in (GROCERIES, GROCERIES, "19000000"))
    )
    await add_rows(sessions, other_owner_id, {"pluggy_category_id": GROCERIES})
    body = {"filter": {"category": GROCERIES, "direction": "OUT"}, "category_id": EATING}

    tried = await client.post(BULK, json={**body, "dry_run": True})
    untouched = await in_category(client, EATING)
    done = await client.post(BULK, json=body)
    again = await client.post(BULK, json=body)

    assert tried.json() == {"matched": 2, "changed": 2, "recategorized": 2, "dry_run": True}
    assert untouched == set()
    assert done.json() == {"matched": 2, "changed": 2, "recategorized": 2, "dry_run": False}
    assert again.json() == {"matched": 0, "changed": 0, "recategorized": 0, "dry_run": False}
    assert await in_category(client, EATING) == set(rows[:2])


async def test_a_decision_is_taken_back_in_bulk(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    rows = await add_rows(
        sessions, owner_id, {"user_category_id": EATING, "pluggy_category_id": GROCERIES}, {"user_category_id": EATING}
    )

    answer = await client.post(BULK, json={"ids": [str(each) for each in rows], "category_id": None})

    assert answer.json() == {"matched": 2, "changed": 2, "recategorized": 2, "dry_run": False}
    sources = {row["id"]: row["category_source"] for row in await read_all(client, "transactions/")}
    assert sources == {str(rows[0]): "pluggy", str(rows[1]): None}


async def test_one_foreign_id_among_good_ones_changes_nothing(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53: foreign, removed and absent ids answer alike."""
    good = await add_rows(sessions, owner_id, {}, {})
    (foreign,) = await add_rows(sessions, other_owner_id, {})

    for bad in (foreign, uuid4()):
        body = {"ids": [str(good[0]), str(bad), str(good[1])], "category_id": EATING}
        answer = await client.post(BULK, json=body)

        assert (answer.status_code, answer.json()["code"]) == (404, "transactions_not_found")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/body/ids/1"]
    assert await in_category(client, EATING) == set()


async def test_ten_thousand_ids_are_taken_and_one_more_is_not(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """R62."""
    (row_id,) = await add_rows(sessions, owner_id, {})
    many = [str(row_id), *(str(uuid4()) for _ in range(9_999))]

    most = await client.post(BULK, json={"ids": many, "category_id": EATING})
    too_many = await client.post(BULK, json={"ids": [*many, str(uuid4())], "category_id": EATING})

    assert (most.status_code, most.json()["code"]) == (404, "transactions_not_found")
    assert (too_many.status_code, too_many.json()["code"]) == (422, "invalid_request")
    assert too_many.json()["errors"][0]["pointer"] == "/body/ids"
    assert await in_category(client, EATING) == set()


@pytest.mark.parametrize(
    "body",
    [
        {"category_id": EATING},
        {"ids": [], "category_id": EATING},
        {"ids": [str(uuid4())], "filter": {"q": "padaria"}, "category_id": EATING},
        {"filter": {}, "category_id": EATING},
        {"filter": {"q": "padaria"}},
        {"filter": {"amount_from": "0.00001"}, "category_id": EATING},
        {"filter": {"amount_from": "1", "amount_to": "0"}, "category_id": EATING},
        {"filter": {"date_from": "2026-02-30"}, "category_id": EATING},
        {"filter": {"amount_to": 100.5}, "category_id": EATING},
        {"filter": {"date_from": 86_400}, "category_id": EATING},
        {"filter": {"date_to": True}, "category_id": EATING},
        {"filter": {"limit": 1}, "category_id": EATING},
        {"filter": {"date_from": "2026-03-02", "date_to": "2026-03-01"}, "category_id": EATING},
    ],
)
async def test_what_cannot_be_meant_is_refused(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, body: dict[str, object]
) -> None:
    await add_rows(sessions, owner_id, {"description": "PADARIA"})

    answer = await client.post(BULK, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await in_category(client, EATING) == set()


@pytest.mark.parametrize("unknown", ["98765432", str(UUID(int=7))])
async def test_an_unknown_category_takes_no_rows(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, unknown: str
) -> None:
    await add_rows(sessions, owner_id, {"user_category_id": EATING, "description": "PADARIA"})

    answer = await client.post(BULK, json={"filter": {"q": "padaria"}, "category_id": unknown})

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_category")
    assert len(await in_category(client, EATING)) == 1


async def test_a_repeated_request_is_done_once(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    """R60."""
    await add_rows(sessions, owner_id, {"description": "PADARIA"})
    body, key = {"filter": {"q": "padaria"}, "category_id": EATING}, {"Idempotency-Key": "the-same-key"}

    first = await client.post(BULK, json=body, headers=key)
    second = await client.post(BULK, json=body, headers=key)

    assert first.json() == second.json() == {"matched": 1, "changed": 1, "recategorized": 1, "dry_run": False}
    assert second.headers["Idempotent-Replayed"] == "true"
