"""What a client reads when something was refused or went wrong."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs

from app.errors import AppError
from app.pluggy.errors import (
    PluggyAuthError,
    PluggyNotFound,
    PluggyRateLimited,
    PluggyRefused,
    PluggyUnavailable,
    PluggyUnexpected,
)
from app.problems import Problem, preferred_language
from tests.http_support import FAILURES, KnownCaller, make_settings, running_api

GOOD = {"Authorization": "Bearer good"}
CANARY = "canary-8f3a1c"


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with running_api(make_settings(), caller=KnownCaller()) as (_, client):
        yield client


async def fail_with(client: httpx.AsyncClient, error: Exception, **headers: str) -> httpx.Response:
    FAILURES["now"] = error
    return await client.post("/api/banking/failures/now/", headers=headers)


def database_error(sqlstate: str | None) -> DBAPIError:
    class Fault(Exception):
        pass

    fault = Fault(CANARY)
    fault.sqlstate = sqlstate  # type: ignore[attr-defined] # as the driver's errors have it
    return DBAPIError("SELECT 1", {"value": CANARY}, fault)


class DoorLocked(AppError):
    status, code, title = 409, "door_locked", "Door locked"
    user_messages = {"pt-BR": "A porta está trancada.", "en": "The door is locked."}


async def test_a_refusal_has_every_field_of_a_problem(client: httpx.AsyncClient) -> None:
    retry_at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)

    answer = await fail_with(client, DoorLocked("The door 7 is locked.", action="unlock", retry_at=retry_at))

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems/door_locked",
        "title": "Door locked",
        "status": 409,
        "detail": "The door 7 is locked.",
        "code": "door_locked",
        "request_id": answer.headers["x-request-id"],
        "user_message": "A porta está trancada.",
        "action": "unlock",
        "retry_at": "2030-01-02T03:04:05Z",
        "errors": [],
    }
    assert Problem.model_validate(answer.json()).status == 409


async def test_the_person_is_spoken_to_in_the_language_asked_for(client: httpx.AsyncClient) -> None:
    said = [
        (await fail_with(client, DoorLocked(""), **{"Accept-Language": language})).json()["user_message"]
        for language in ("pt-BR", "en-US,en;q=0.9")
    ]

    assert said == ["A porta está trancada.", "The door is locked."]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "pt-BR"),
        ("fr", "pt-BR"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("pt;q=0.4, en;q=0.5", "en"),
        ("fr, pt;q=0.5, en;q=0.4", "pt-BR"),
        ("en;q=0", "pt-BR"),
        ("en;q=x", "pt-BR"),
        ("english", "pt-BR"),
    ],
)
def test_the_preferred_language_is_the_heaviest_one_we_speak(header: str, language: str) -> None:
    assert preferred_language(header) == language


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PluggyUnavailable("x"), 503, "pluggy_unavailable"),
        (PluggyRateLimited("x", retry_after=17), 503, "pluggy_unavailable"),
        (PluggyAuthError("x", status=401), 502, "pluggy_auth_failed"),
        (PluggyRefused("x", status=400), 502, "pluggy_refused"),
        (PluggyNotFound("x", status=404), 502, "pluggy_refused"),
        (PluggyUnexpected("x"), 502, "pluggy_refused"),
        (ConnectionRefusedError(CANARY), 503, "service_unavailable"),
        (TimeoutError(), 503, "service_unavailable"),
        (PoolTimeout(CANARY), 503, "service_unavailable"),
        (RedisConnectionError(CANARY), 503, "service_unavailable"),
        (database_error("57P01"), 503, "service_unavailable"),
        (database_error("53300"), 503, "service_unavailable"),
        (database_error("57014"), 503, "service_unavailable"),
        (database_error("40001"), 503, "service_unavailable"),
        (database_error("22021"), 422, "invalid_request"),
        (database_error("23505"), 500, "internal_error"),
        (database_error(None), 500, "internal_error"),
        (ValueError(CANARY), 500, "internal_error"),
        (FileNotFoundError(CANARY), 500, "internal_error"),
    ],
)
async def test_every_fault_has_its_status_and_code_and_keeps_its_insides(
    client: httpx.AsyncClient, error: Exception, status: int, code: str
) -> None:
    """R3, R76: faults of our own are 5xx, the passing ones with Retry-After, none with internals."""
    answer = await fail_with(client, error)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert CANARY not in answer.text


async def test_the_wait_that_pluggy_asked_for_is_passed_on(client: httpx.AsyncClient) -> None:
    answer = await fail_with(client, PluggyRateLimited("x", retry_after=17))

    assert answer.headers["retry-after"] == "17"
    assert answer.json()["retry_at"] is not None


async def test_a_bug_is_logged_under_the_request_id_and_told_without_detail(client: httpx.AsyncClient) -> None:
    with capture_logs(processors=[]) as logs:
        answer = await fail_with(client, ZeroDivisionError("insides"))

    assert (answer.json()["detail"], answer.json()["request_id"]) == (None, answer.headers["x-request-id"])
    failed = next(entry for entry in logs if entry["event"] == "request_failed")
    assert (failed["log_level"], failed["code"], failed["error"]) == ("error", "internal_error", "ZeroDivisionError")


INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown field", {"name": "Ana", CANARY: 1}, "/body"),
    ("a wrong number", {"name": "Ana", "amount": CANARY}, "/body/amount"),
    ("a missing field", {"amount": "1"}, "/body/name"),
    ("a wrong type", {"name": {"x": CANARY}}, "/body/name"),
    ("an odd name inside", {"name": "Ana", "parameters": {"123.456.789-09": CANARY}}, "/body/parameters/*"),
    ("no object", [CANARY], "/body"),  # type: ignore[list-item] # not even an object
]


@pytest.mark.parametrize(("_why", "body", "pointer"), INVALID, ids=[why for why, _, _ in INVALID])
async def test_a_fault_of_the_body_is_pointed_at_and_never_echoed(
    client: httpx.AsyncClient, _why: str, body: Any, pointer: str
) -> None:
    """R65, R76: what was sent may be a credential."""
    answer = await client.post("/api/banking/greetings/", json=body, headers=GOOD)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert CANARY not in answer.text
    assert "123.456" not in answer.text


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        (f"/api/banking/greetings/{CANARY}/", "/path/number"),
        (f"/api/banking/greetings/{UUID(int=7)}/?limit={CANARY}", "/query/limit"),
        (f"/api/banking/greetings/{UUID(int=7)}/?limit=501", "/query/limit"),
        (f"/api/banking/greetings/{UUID(int=7)}/?limit=0", "/query/limit"),
        (f"/api/banking/greetings/{UUID(int=7)}/?{CANARY}=1", "/query"),
    ],
)
async def test_a_fault_of_path_or_query_is_pointed_at_and_never_echoed(
    client: httpx.AsyncClient, path: str, pointer: str
) -> None:
    answer = await client.get(path, headers=GOOD)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert not re.search(CANARY, json.dumps(answer.json()))
