"""`Idempotency-Key` over HTTP (R60)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import Response

from app.database import transaction
from app.dependencies import OwnerDep
from app.errors import AppError
from app.ids import new_id
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from app.routing import make_router, requires
from app.schemas import Input
from tests.audit.reading import everything, execute
from tests.factories import make_connection
from tests.http_support import KnownCaller, running_api

THINGS = "/api/banking/things/"
SECRETS = "/api/banking/secret_things/"
DONE: Counter[str] = Counter()
GATES: dict[str, asyncio.Event] = {}
router = make_router("things")


class Thing(Input):
    """`fate` says how it goes."""

    name: str
    fate: str = "well"


class ThingRefused(AppError):
    status, code = 409, "thing_refused"


@router.post("/things/", dependencies=[requires("connections:write")], status_code=201)
async def make_thing(thing: Thing, owner: OwnerDep, response: Response) -> dict[str, Any]:
    """Do something that must not be done twice."""
    DONE[thing.name] += 1
    if thing.fate == "refused":
        raise ThingRefused("no")
    if thing.fate == "broken":
        raise RuntimeError("a bug")
    if thing.name in GATES:
        await GATES[thing.name].wait()
    response.headers["Location"] = f"{THINGS}{DONE[thing.name]}/"
    return {"name": thing.name, "number": DONE[thing.name]}


@router.post("/secret_things/", dependencies=[requires("connections:write", repeats_because="it returns a secret")])
async def make_secret_thing(thing: Thing) -> dict[str, Any]:
    """Do something whose answer nobody may keep."""
    DONE[thing.name] += 1
    return {"secret": "s3cret-canary"}


@pytest.fixture
async def http(resources: Resources, owner_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    DONE.clear()
    GATES.clear()
    caller = KnownCaller(principal=Principal(owner_id, DEFAULT_SCOPES, "person"))
    async with running_api(resources.settings, caller=caller) as (app, client):
        app.router.routes.extend(router.routes)
        app.state.resources = resources
        client.headers["Authorization"] = "Bearer good"
        client.caller = caller  # type: ignore[attr-defined] # to change it
        yield client


async def post(http: httpx.AsyncClient, key: str | None, path: str = THINGS, **thing: str) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await http.post(path, json={"name": "a", **thing}, headers=headers)


async def test_the_same_request_is_done_once_and_answered_the_same(http: httpx.AsyncClient) -> None:
    """R60."""
    first = await post(http, "key-1")
    again = await post(http, "key-1")

    assert DONE["a"] == 1
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


async def test_another_key_or_none_is_another_request(http: httpx.AsyncClient) -> None:
    for key in ("key-1", "key-2", None, None):
        await post(http, key)

    assert DONE["a"] == 4


async def test_a_key_that_comes_with_another_body_or_path_is_refused(http: httpx.AsyncClient) -> None:
    """R60."""
    await post(http, "key-1")

    other_body = await post(http, "key-1", name="b")
    other_path = await post(http, "key-1", path="/api/banking/greetings/")

    for answer in (other_body, other_path):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert DONE == {"a": 1}


async def test_a_request_in_flight_is_not_begun_again(http: httpx.AsyncClient) -> None:
    """R60."""
    GATES["a"] = asyncio.Event()
    first = asyncio.create_task(post(http, "key-1"))
    while not DONE["a"]:  # the route sets no event
        await asyncio.sleep(0.01)

    second = await post(http, "key-1")
    GATES["a"].set()
    answered = await first
    third = await post(http, "key-1")

    assert (second.status_code, second.json()["code"]) == (409, "request_in_flight")
    assert (answered.status_code, third.status_code) == (201, 201)
    assert third.content == answered.content
    assert DONE["a"] == 1


async def test_of_many_at_once_one_is_done(http: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(post(http, "key-1") for _ in range(8)))

    assert DONE["a"] == 1
    assert {answer.status_code for answer in answers} <= {201, 409}


@pytest.mark.parametrize(("fate", "status"), [("refused", 409), ("broken", 500)])
async def test_what_was_refused_or_failed_may_be_tried_again(http: httpx.AsyncClient, fate: str, status: int) -> None:
    answers = [await post(http, "key-1", fate=fate) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].json()["code"] != "request_in_flight"
    assert DONE["a"] == 2


async def test_a_body_that_does_not_validate_may_be_corrected_under_the_same_key(http: httpx.AsyncClient) -> None:
    wrong = await http.post(THINGS, json={"nome": "a"}, headers={"Idempotency-Key": "key-1"})
    right = await post(http, "key-1")

    assert (wrong.status_code, right.status_code) == (422, 201)


async def test_two_callers_of_one_owner_never_meet_in_a_key(http: httpx.AsyncClient, owner_id: UUID) -> None:
    await post(http, "key-1")
    http.caller.principal = Principal(owner_id, DEFAULT_SCOPES, "api_key", new_id())  # type: ignore[attr-defined]

    other = await post(http, "key-1", name="b")

    assert (other.status_code, DONE) == (201, {"a": 1, "b": 1})


async def test_two_owners_never_meet_in_a_key(http: httpx.AsyncClient, other_owner_id: UUID) -> None:
    """R53."""
    await post(http, "key-1")
    http.caller.principal = Principal(other_owner_id, DEFAULT_SCOPES, "person")  # type: ignore[attr-defined]

    other = await post(http, "key-1")

    assert "idempotent-replayed" not in other.headers
    assert DONE["a"] == 2


async def test_after_a_day_the_key_is_free(http: httpx.AsyncClient, superuser_url: str) -> None:
    """R60."""
    await post(http, "key-1")
    await execute(superuser_url, "UPDATE idempotency_keys SET expires_at = now() - interval '1 second'")

    later = await post(http, "key-1", name="b")

    assert (later.status_code, DONE) == (201, {"a": 1, "b": 1})


async def test_answers_are_kept_for_a_day_and_then_removed(http: httpx.AsyncClient, superuser_url: str) -> None:
    """R66."""
    await post(http, "key-1", name="canary-name")
    kept = await everything(superuser_url)
    await execute(superuser_url, "UPDATE idempotency_keys SET expires_at = now() - interval '1 second', status = 299")
    await post(http, "key-2")

    assert "status=201" in kept
    assert "status=299" not in await everything(superuser_url)


async def test_a_request_whose_process_died_is_done_again(http: httpx.AsyncClient, superuser_url: str) -> None:
    await post(http, "key-1")
    lost = "UPDATE idempotency_keys SET status = NULL, body = NULL, held_until = now() - interval '1 second'"
    await execute(superuser_url, lost)

    again = await post(http, "key-1")

    assert (again.status_code, DONE["a"]) == (201, 2)


async def test_a_kept_answer_is_sealed_at_rest(http: httpx.AsyncClient, superuser_url: str) -> None:
    """R64: an answer may hold personal data; the key and the request are only there as keyed hashes."""
    await post(http, "key-canary-1", name="name-canary")

    kept = await everything(superuser_url)

    assert "name-canary" not in kept
    assert b"name-canary".hex() not in kept
    assert "key-canary" not in kept


async def test_a_deleted_connection_stands_in_no_kept_answer(
    http: httpx.AsyncClient, resources: Resources, owner_id: UUID, superuser_url: str
) -> None:
    """R68."""
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
    root = f"/api/banking/connections/{connection.id}/"
    body = {"refresh": False}
    assert (await http.post(f"{root}sync/", json=body, headers={"Idempotency-Key": "key-1"})).status_code == 202

    await http.delete(root)

    assert "key_hash" not in await everything(superuser_url)


async def test_a_route_that_passes_secrets_keeps_no_answer(http: httpx.AsyncClient, superuser_url: str) -> None:
    """R60."""
    first = await post(http, "key-1", path=SECRETS)
    again = await post(http, "key-1", path=SECRETS)

    assert (first.status_code, again.status_code, DONE["a"]) == (200, 200, 2)
    assert "idempotent-replayed" not in again.headers


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 256, "ação"])
async def test_a_key_that_is_none_is_refused_before_anything_is_done(http: httpx.AsyncClient, key: str) -> None:
    answer = await http.post(THINGS, json={"name": "a"}, headers={b"Idempotency-Key": key.encode()})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/header/Idempotency-Key")
    assert DONE["a"] == 0


async def test_a_caller_without_the_scope_gets_no_kept_answer(http: httpx.AsyncClient, owner_id: UUID) -> None:
    await post(http, "key-1")
    http.caller.principal = Principal(owner_id, frozenset(), "person")  # type: ignore[attr-defined]

    assert (await post(http, "key-1")).status_code == 403


async def test_the_document_says_where_a_key_holds(http: httpx.AsyncClient) -> None:
    paths = (await http.get("/api/banking/openapi.json")).json()["paths"]
    once, repeated = paths[THINGS]["post"], paths[SECRETS]["post"]

    assert [each["name"] for each in once["parameters"]] == ["Idempotency-Key"]
    assert {"request_in_flight"} <= set(once["responses"]["409"]["content"]["application/problem+json"]["examples"])
    assert "parameters" not in repeated
    assert "`Idempotency-Key` is not honoured here: it returns a secret." in repeated["description"]
