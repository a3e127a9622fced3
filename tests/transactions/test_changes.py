"""The feed of changes, and what an owner decides about a row."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update

from app.changes import next_change
from app.clock import utc_now
from app.database import Sessions, transaction
from app.pagination import make_cursor, read_cursor
from app.resources import Resources
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


def cursor_of(resources: Resources, owner_id: UUID, caught_up_at: datetime) -> str:
    """A cursor as the feed gives it, of another day."""
    binding = ("transaction_changes", owner_id)
    return make_cursor(resources.vault, (0, UUID(int=0), caught_up_at), binding=binding)


async def test_a_cursor_of_another_owner_is_refused(
    client: httpx.AsyncClient, resources: Resources, other_owner_id: UUID
) -> None:
    answer = await client.get(FEED, params={"cursor": cursor_of(resources, other_owner_id, utc_now())})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_a_cursor_older_than_the_removals_that_are_kept_has_expired(
    client: httpx.AsyncClient, resources: Resources, owner_id: UUID
) -> None:
    old = cursor_of(resources, owner_id, utc_now() - timedelta(days=90, seconds=1))
    young = cursor_of(resources, owner_id, utc_now() - timedelta(days=89))

    refused = await client.get(FEED, params={"cursor": old})
    good = await client.get(FEED, params={"cursor": young})

    assert (refused.status_code, refused.json()["code"], refused.json()["action"]) == (
        410,
        "cursor_expired",
        "start_over",
    )
    assert good.status_code == 200


async def test_paging_through_a_backlog_does_not_make_a_cursor_younger(
    client: httpx.AsyncClient, sessions: Sessions, resources: Resources, owner_id: UUID
) -> None:
    """Else a client could walk past removals that were pruned meanwhile."""
    await numbered(sessions, owner_id, 3)
    begun = utc_now() - timedelta(days=89)

    page = await read(client, cursor_of(resources, owner_id, begun), limit=1)
    last = await read(client, page["next_cursor"], limit=500)

    binding = ("transaction_changes", owner_id)
    assert page["has_more"]
    paging, caught_up = (
        read_cursor(resources.vault, each["next_cursor"], tuple[int, UUID, datetime], binding=binding)[2]
        for each in (page, last)
    )
    assert (paging, caught_up > begun + timedelta(days=88)) == (begun, True)
