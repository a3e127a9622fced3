"""The stream of events, over a real server: an in-memory transport would wait for its end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, update

from app.api_keys.models import ApiKey
from app.clock import utc_now
from app.database import Sessions, transaction
from app.events import hub, stream
from app.events.service import record_event
from app.events.tickets import LIFETIME, make_ticket, use_ticket
from app.ids import new_id
from app.owners.errors import InvalidToken
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from tests.events.test_router import record
from tests.http_support import KnownCaller, running_api
from tests.serving import running_server

STREAM = "/api/banking/events/stream/"
TICKET = STREAM + "ticket/"


class Served:
    """The API on a port."""

    def __init__(self, app: FastAPI, port: int, http: httpx.AsyncClient) -> None:
        self.app, self.port, self.http = app, port, http

    @property
    def open_streams(self) -> int:
        hub = getattr(self.app.state, "event_hub", None)
        return 0 if hub is None else hub.count


@asynccontextmanager
async def served_api(resources: Resources, principal: Principal) -> AsyncIterator[Served]:
    """Yield the API on a real port; its caller is `principal`."""
    async with running_api(resources.settings, caller=KnownCaller(principal=principal)) as (app, _):
        app.state.resources = resources
        headers = {"Authorization": "Bearer good"}
        limits = httpx.Limits(max_connections=300)
        async with (
            running_server(app, lifespan="off", log_level="critical", timeout_graceful_shutdown=1) as server,
            httpx.AsyncClient(base_url=server.address, headers=headers, timeout=10, limits=limits) as http,
        ):
            yield Served(app, server.port, http)


@pytest.fixture
async def served(resources: Resources, owner_id: UUID) -> AsyncIterator[Served]:
    """The API with `owner_id` as its caller."""
    async with served_api(resources, Principal(owner_id, DEFAULT_SCOPES, "person")) as running:
        yield running


class Listener:
    """Reads frames of a stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def frame(self) -> dict[str, Any]:
        """Return the next frame; a comment is under `comment`."""
        told: dict[str, Any] = {}
        async with asyncio.timeout(5):
            async for line in self._lines:
                if not line:
                    return told
                name, _, value = line.partition(": ")
                told[name or "comment"] = value
        raise EOFError

    async def event(self) -> dict[str, Any]:
        """Return the next event, past comments."""
        while True:
            frame = await self.frame()
            if "data" in frame:
                event: dict[str, Any] = json.loads(frame["data"])
                assert (frame["id"], frame["event"]) == (str(event["sequence"]), event["type"])
                return event


@asynccontextmanager
async def listening(served: Served, path: str = STREAM, **given: Any) -> AsyncIterator[Listener]:
    """Yield a listener whose stream has begun."""
    async with served.http.stream("GET", path, **given) as answer:
        assert answer.status_code == 200, await answer.aread()
        listener = Listener(answer)
        first = await listener.frame()
        assert set(first) == {"id", "retry"}
        yield listener


async def eventually(check: Any) -> None:
    async with asyncio.timeout(10):
        while not check():
            await asyncio.sleep(0.02)


async def test_an_event_reaches_a_listener_in_the_form_of_the_list(
    served: Served, sessions: Sessions, owner_id: UUID
) -> None:
    async with listening(served) as listener:
        await record(sessions, owner_id, number=1)
        event = await listener.event()

    (listed,) = (await served.http.get("/api/banking/events/")).json()["results"]
    assert event == listed
    assert listener.answer.headers["content-type"].startswith("text/event-stream")
    assert listener.answer.headers["cache-control"] == "no-store"


async def test_a_stream_begins_now_unless_it_is_told_where(served: Served, sessions: Sessions, owner_id: UUID) -> None:
    await record(sessions, owner_id, number=1)
    await record(sessions, owner_id, number=2)
    (first, _) = (await served.http.get("/api/banking/events/")).json()["results"]

    async with (
        listening(served) as fresh,
        listening(served, params={"after_sequence": 0}) as whole,
        listening(served, params={"after_sequence": 0}, headers={"Last-Event-ID": str(first["sequence"])}) as resumed,
    ):
        await record(sessions, owner_id, number=3)

        assert (await fresh.event())["data"] == {"number": 3}
        assert [(await whole.event())["data"]["number"] for _ in range(3)] == [1, 2, 3]
        assert [(await resumed.event())["data"]["number"] for _ in range(2)] == [2, 3]


async def test_nothing_is_missed_between_two_streams(served: Served, sessions: Sessions, owner_id: UUID) -> None:
    """A client that is cut off again and again, while events go on."""
    seen: list[int] = []
    last = "0"
    for number in range(0, 30, 3):
        for step in range(3):
            await record(sessions, owner_id, number=number + step)
        async with listening(served, headers={"Last-Event-ID": last}) as listener:
            for _ in range(2):
                event = await listener.event()
                seen.append(event["data"]["number"])
                last = str(event["sequence"])

    assert seen == list(range(20))


async def test_a_backlog_longer_than_one_read_comes_whole(served: Served, sessions: Sessions, owner_id: UUID) -> None:
    for number in range(250):
        await record(sessions, owner_id, number=number)

    async with listening(served, params={"after_sequence": 0}) as listener:
        seen = [(await listener.event())["data"]["number"] for _ in range(250)]

    assert seen == list(range(250))


async def test_a_listener_hears_only_its_owner_and_its_type(
    served: Served, sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53."""
    async with listening(served, params={"type": "bill.paid"}) as listener:
        await record(sessions, other_owner_id, "bill.paid", number=1)
        await record(sessions, owner_id, "sync.completed", number=2)
        await record(sessions, owner_id, "bill.paid", number=3)

        assert (await listener.event())["data"] == {"number": 3}


@pytest.mark.parametrize("header", ["-1", "x", "1.5", "99999999999999999999"])
async def test_a_malformed_place_is_refused(served: Served, header: str) -> None:
    answer = await served.http.get(STREAM, headers={"Last-Event-ID": header})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_place_that_lies_ahead_is_refused(served: Served) -> None:
    """It is of another owner or another database: waiting for it would hide events."""
    answer = await served.http.get(STREAM, headers={"Last-Event-ID": "4711"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_silence_is_filled_with_comments(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)

    async with listening(served) as listener:
        frames = [await listener.frame() for _ in range(3)]

    assert frames == [{"comment": "ping"}] * 3


async def test_a_stream_ends_by_itself(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LIFETIME_SECONDS", 0.2)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)

    async with listening(served) as listener:
        with pytest.raises(EOFError):
            for _ in range(100):
                await listener.frame()

    await eventually(lambda: served.open_streams == 0)


async def test_events_come_though_redis_announces_nothing(
    served: Served, sessions: Sessions, owner_id: UUID, resources: Resources
) -> None:
    """R1: what is recorded without the bell is found by looking."""
    async with listening(served) as listener:
        async with transaction(sessions, owner_id) as session:
            session.info["bell"] = None
            await record_event(session, owner_id, "sync.completed", {})

        assert (await listener.event())["type"] == "sync.completed"


async def test_any_replica_serves_any_client(resources: Resources, sessions: Sessions, owner_id: UUID) -> None:
    principal = Principal(owner_id, DEFAULT_SCOPES, "person")
    async with served_api(resources, principal) as one, served_api(resources, principal) as other:
        async with listening(one) as first, listening(other) as second:
            await record(sessions, owner_id, number=1)
            heard = [await first.event(), await second.event()]
        ticket = (await one.http.post(TICKET)).json()
        async with listening(other, ticket["path"], params={"after_sequence": 0, "ticket": ticket["ticket"]}) as third:
            heard.append(await third.event())

    assert heard[0] == heard[1] == heard[2]


async def test_a_listener_that_goes_leaves_nothing_behind(served: Served) -> None:
    async with listening(served):
        assert served.open_streams == 1

    await eventually(lambda: served.open_streams == 0)


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_hear_on(
    served: Served, sessions: Sessions, owner_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SEND_SECONDS", 0.3)
    ids = [new_id() for _ in range(450)]
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(("127.0.0.1", served.port))
    slow.sendall(f"GET {STREAM} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\n\r\n".encode())
    await eventually(lambda: served.open_streams == 1)

    async with listening(served) as listener:
        assert served.open_streams == 2
        heard = 0
        async with asyncio.timeout(30):
            while served.open_streams == 2:
                await record(sessions, owner_id, ids=ids)
                await listener.event()
                heard += 1
        await record(sessions, owner_id, number=1)
        last = await listener.event()
    slow.close()

    assert heard > 5
    assert last["data"] == {"number": 1}


async def test_two_hundred_idle_streams_share_a_pool_of_ten_and_wake_together(
    served: Served, sessions: Sessions, owner_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bounded stand-in for a thousand; one more than an owner may have is refused (R62)."""
    monkeypatch.setattr(hub, "MAX_STREAMS_OF_OWNER", 200)
    ready = asyncio.Semaphore(0)

    async def listen() -> dict[str, Any]:
        async with listening(served) as listener:
            ready.release()
            return await listener.event()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen()) for _ in range(200)]
        for _ in tasks:
            await ready.acquire()
        refused = await served.http.get(STREAM)
        await record(sessions, owner_id, number=1)

    assert {task.result()["data"]["number"] for task in tasks} == {1}
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert "retry-after" in refused.headers


async def test_a_ticket_opens_one_stream_of_its_caller(served: Served, sessions: Sessions, owner_id: UUID) -> None:
    ticket = (await served.http.post(TICKET)).json()
    browser = {"Authorization": ""}

    async with listening(served, ticket["path"], headers=browser) as listener:
        await record(sessions, owner_id, number=1)
        event = await listener.event()
    again = await served.http.get(ticket["path"], headers=browser)

    assert event["data"] == {"number": 1}
    assert (again.status_code, again.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("ticket", ["x", "AAAA", "A" * 200, "é", "%00"])
async def test_what_is_no_ticket_opens_nothing(served: Served, ticket: str) -> None:
    answer = await served.http.get(STREAM + "browser/", params={"ticket": ticket})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_ticket_is_good_for_a_minute_and_lives_without_redis(resources: Resources, owner_id: UUID) -> None:
    principal = Principal(owner_id, frozenset({"connections:read"}), "api_key", new_id())
    now = utc_now()
    ticket, expires_at = make_ticket(resources.vault, principal, now=now)

    opened = await use_ticket(resources, ticket, now=now)
    late, _ = make_ticket(resources.vault, principal, now=now)

    assert (opened, expires_at - now) == (principal, LIFETIME)
    with pytest.raises(InvalidToken):
        await use_ticket(resources, late, now=now + timedelta(seconds=60))


async def test_a_revoked_key_ends_its_streams(
    resources: Resources, sessions: Sessions, owner_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R52."""
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.1)
    async with transaction(sessions, None) as session:
        key = ApiKey(
            id=new_id(),
            owner_id=owner_id,
            name="ERP",
            hint="bk_",
            scopes=["connections:read"],
            secret_hash=b"x",
            lifetime_days=1,
            expires_at=func.now() + timedelta(days=1),
        )
        session.add(key)
    async with (
        served_api(resources, Principal(owner_id, DEFAULT_SCOPES, "api_key", key.id)) as served,
        listening(served) as listener,
    ):
        beats = [await listener.frame() for _ in range(3)]
        async with transaction(sessions, None) as session:
            await session.execute(update(ApiKey).values(revoked_at=func.now()))

        with suppress(EOFError):
            async with asyncio.timeout(3):
                while True:
                    await listener.frame()
        await eventually(lambda: served.open_streams == 0)

    assert len(beats) == 3
