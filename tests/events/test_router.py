"""The feed of events over HTTP."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.changes import next_change
from app.database import Sessions, transaction
from app.events.service import record_event
from app.events.types import EventType, thin

EVENTS = "/api/banking/events/"


async def record(sessions: Sessions, owner_id: UUID, event_type: EventType = "sync.completed", **data: Any) -> None:
    async with transaction(sessions, owner_id) as session:
        await record_event(session, owner_id, event_type, data)


async def test_an_event_has_the_one_envelope(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    connection_id = uuid4()
    await record(sessions, owner_id, connection_id=connection_id, inserted=3)

    answer = await client.get(EVENTS)

    (event,) = answer.json()["results"]
    assert set(event) == {"id", "type", "sequence", "created_at", "data"}
    assert event["type"] == "sync.completed"
    assert event["data"] == {"connection_id": str(connection_id), "inserted": 3}


async def test_events_come_oldest_first_page_by_page_and_end_with_null(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    for number in range(5):
        await record(sessions, owner_id, number=number)

    seen, cursor = [], ""
    while cursor is not None:
        page = (await client.get(EVENTS, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen += [event["data"]["number"] for event in page["results"]]
        cursor = page["next_cursor"]

    assert seen == [0, 1, 2, 3, 4]


async def test_a_client_goes_on_where_it_stopped(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    await record(sessions, owner_id, number=1)
    (first,) = (await client.get(EVENTS)).json()["results"]
    await record(sessions, owner_id, number=2)

    rest = (await client.get(EVENTS, params={"after_sequence": first["sequence"]})).json()["results"]

    assert [event["data"]["number"] for event in rest] == [2]


async def test_events_can_be_had_by_type(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    await record(sessions, owner_id, "sync.completed")
    await record(sessions, owner_id, "consent.revoked")

    found = (await client.get(EVENTS, params={"type": "consent.revoked"})).json()["results"]

    assert [event["type"] for event in found] == ["consent.revoked"]


async def test_a_cursor_is_good_for_its_own_filter_only(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    for _ in range(2):
        await record(sessions, owner_id)
    cursor = (await client.get(EVENTS, params={"limit": 1})).json()["next_cursor"]

    answer = await client.get(EVENTS, params={"cursor": cursor, "type": "sync.completed"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_another_owners_events_are_not_shown(
    client: httpx.AsyncClient, sessions: Sessions, other_owner_id: UUID
) -> None:
    """R53."""
    await record(sessions, other_owner_id)

    assert (await client.get(EVENTS)).json()["results"] == []


async def test_an_event_of_a_change_that_is_rolled_back_never_was(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """R43."""
    with pytest.raises(RuntimeError):
        async with transaction(sessions, owner_id) as session:
            await record_event(session, owner_id, "sync.completed", {})
            raise RuntimeError

    assert (await client.get(EVENTS)).json()["results"] == []


async def test_no_event_becomes_visible_after_a_later_one(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """R43: the second writer waits for the first, so a reader never sees the larger number alone."""
    ready, go = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with transaction(sessions, owner_id) as session:
            await record_event(session, owner_id, "sync.completed", {"writer": "slow"})
            ready.set()
            await go.wait()

    first = asyncio.create_task(slow())
    await ready.wait()
    second = asyncio.create_task(record(sessions, owner_id, writer="fast"))
    await asyncio.sleep(0.1)
    before = (await client.get(EVENTS)).json()["results"]
    go.set()
    await asyncio.gather(first, second)
    after = (await client.get(EVENTS)).json()["results"]

    assert before == []
    assert [event["data"]["writer"] for event in after] == ["slow", "fast"]


async def test_events_and_changed_rows_share_one_order(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    async with transaction(sessions, owner_id) as session:
        changed = await next_change(session, owner_id)
        await record_event(session, owner_id, "transactions.changed", {})

    (event,) = (await client.get(EVENTS)).json()["results"]
    assert event["sequence"] == changed + 1


async def test_what_happened_cannot_be_rewritten(sessions: Sessions, owner_id: UUID) -> None:
    await record(sessions, owner_id)

    with pytest.raises(DBAPIError, match="permission denied"):
        async with transaction(sessions, owner_id) as session:
            await session.execute(text("UPDATE events SET type = 'sync.failed'"))


async def test_a_type_that_no_event_has_is_refused(sessions: Sessions, owner_id: UUID) -> None:
    with pytest.raises(ValueError, match="no event of the type"):
        await record(sessions, owner_id, "sync.invented")  # type: ignore[arg-type] # on purpose


@pytest.mark.parametrize(
    "value", ["Banco do Brasil", "ana@example.com", "12345678901", 12.5, {"nested": 1}, b"x", "x" * 65, ["José Silva"]]
)
def test_an_event_carries_no_free_text_and_no_money(value: Any) -> None:
    """R49."""
    with pytest.raises(ValueError, match="can't carry note"):
        thin({"note": value})


def test_an_event_carries_at_most_twenty_kilobytes() -> None:
    """R49."""
    with pytest.raises(ValueError, match="too long"):
        thin({"ids": [uuid4() for _ in range(600)]})


def test_an_event_carries_ids_numbers_days_instants_and_words() -> None:
    item = UUID(int=7)

    told = thin(
        {
            "id": item,
            "text_id": str(item),
            "ids": (item,),
            "count": 3,
            "is_ready": True,
            "nothing": None,
            "action": "update_credentials",
            "due_date": date(2026, 3, 10),
            "at": datetime(2026, 3, 4, 15, tzinfo=UTC),
        }
    )

    assert told == {
        "id": str(item),
        "text_id": str(item),
        "ids": [str(item)],
        "count": 3,
        "is_ready": True,
        "nothing": None,
        "action": "update_credentials",
        "due_date": "2026-03-10",
        "at": "2026-03-04T15:00:00Z",
    }
