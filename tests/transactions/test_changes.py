"""The feed of changes, and what an owner decides about a row."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update

from app.changes import next_change
from app.clock import utc_now
from app.database import Sessions, transaction
from app.transactions.models import Transaction
from tests.readers import ROOT
from tests.transactions.support import add_rows, ids

FEED = ROOT + "transactions/changes/"


async def read(client: httpx.AsyncClient, cursor: str | None = None, limit: int = 500) -> dict[str, Any]:
    query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
    answer = await client.get(FEED, params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def touch(sessions: Sessions, owner_id: UUID, row_id: UUID, **values: Any) -> None:
    async with transaction(sessions, owner_id) as session:
        number = await next_change(session, owner_id)
        await session.execute(
            update(Transaction).where(Transaction.id == row_id).values(change_number=number, **values)
        )


async def numbered(sessions: Sessions, owner_id: UUID, count: int) -> list[UUID]:
    """Rows that came one after another."""
    made = await add_rows(sessions, owner_id, *({"description": f"row {each}"} for each in range(count)))
    for row_id in made:
        async with transaction(sessions, owner_id) as session:
            number = await next_change(session, owner_id)
            await session.execute(
                update(Transaction).where(Transaction.id == row_id).values(change_number=number, created_number=number)
            )
    return made


async def test_the_feed_begins_with_everything_and_then_tells_what_is_new(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    made = await numbered(sessions, owner_id, 3)

    first = await read(client)
    quiet = await read(client, first["next_cursor"])
    await touch(sessions, owner_id, made[0], description="changed")
    later = await read(client, first["next_cursor"])

    assert ids(first["added"]) == made
    assert (quiet["added"], quiet["modified"], quiet["removed"], quiet["has_more"]) == ([], [], [], False)
    assert [row["description"] for row in later["modified"]] == ["changed"]
    assert later["added"] == []


async def test_pages_of_the_feed_leave_nothing_out_and_repeat_nothing(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    made = await numbered(sessions, owner_id, 7)
    seen: list[UUID] = []
    page = await read(client, limit=2)
    seen += ids(page["added"])

    while page["has_more"]:
        page = await read(client, page["next_cursor"], limit=2)
        seen += ids(page["added"])

    assert seen == made


async def test_a_row_that_came_and_went_unseen_is_in_no_page(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    start = (await read(client))["next_cursor"]
    [gone] = await numbered(sessions, owner_id, 1)
    seen = (await read(client, start))["next_cursor"]
    await touch(sessions, owner_id, gone, removed_at=utc_now())

    for_those_who_saw_it = await read(client, seen)
    for_those_who_did_not = await read(client, start)

    assert ids(for_those_who_saw_it["removed"]) == [gone]
    assert for_those_who_did_not["removed"] == []


async def test_an_owner_never_sees_changes_of_another(
    client: httpx.AsyncClient, sessions: Sessions, other_owner_id: UUID
) -> None:
    """R53"""
    await numbered(sessions, other_owner_id, 2)

    assert (await read(client))["added"] == []


async def test_what_the_owner_decides_is_kept_told_and_remembered(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    [row_id] = await numbered(sessions, owner_id, 1)
    cursor = (await read(client))["next_cursor"]

    answer = await client.patch(
        f"{ROOT}transactions/{row_id}/", json={"note": "almoço", "tags": ["trabalho"], "ignored": True}
    )

    assert answer.status_code == 200
    assert (answer.json()["note"], answer.json()["tags"], answer.json()["ignored"]) == ("almoço", ["trabalho"], True)
    assert ids((await read(client, cursor))["modified"]) == [row_id]
    [revision] = (await client.get(f"{ROOT}transactions/{row_id}/history/")).json()["results"]
    assert (revision["kind"], revision["run_id"]) == ("annotated", None)


async def test_an_equal_decision_changes_nothing(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    [row_id] = await numbered(sessions, owner_id, 1)
    before = (await client.get(f"{ROOT}transactions/{row_id}/")).headers["ETag"]

    answer = await client.patch(f"{ROOT}transactions/{row_id}/", json={"ignored": False})

    assert answer.headers["ETag"] == before


async def test_a_decision_on_an_older_version_is_refused(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    [row_id] = await numbered(sessions, owner_id, 1)
    old = (await client.get(f"{ROOT}transactions/{row_id}/")).headers["ETag"]
    await touch(sessions, owner_id, row_id, description="changed")

    answer = await client.patch(f"{ROOT}transactions/{row_id}/", json={"note": "x"}, headers={"If-Match": old})

    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


async def test_a_cursor_of_another_list_is_refused(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await numbered(sessions, owner_id, 3)
    listed = (await client.get(f"{ROOT}transactions/", params={"limit": 1})).json()["next_cursor"]

    answer = await client.get(FEED, params={"cursor": listed})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_an_unknown_runs_changes_are_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{ROOT}syncs/{UUID(int=7)}/changes/")

    assert (answer.status_code, answer.json()["code"]) == (404, "sync_run_not_found")
