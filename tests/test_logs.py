"""What leaves the process as a log."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from app.logs import REDACTED, configure_logs
from app.pluggy.errors import PluggyRefused
from tests.http_support import KnownCaller, make_settings, running_api

Written = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def written() -> Iterator[Written]:
    """Everything logged since, as the objects of its lines; the process's own set-up comes back afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level, structlog.get_config())
    stream = io.StringIO()
    configure_logs(make_settings().service, stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, config = before[0], before[2]
    root.setLevel(before[1])
    structlog.configure(**config)


CANARIES = {
    "a password": {"password": "hunter-2"},
    "a nested secret": {"request": {"headers": [{"Authorization": "hunter-2"}]}},
    "a CPF by name": {"cpf": "hunter-2"},
    "an account number": {"account_number": "hunter-2"},
    "an MFA code": {"parameters": {"code": "hunter-2"}},
    "a formatted CPF": {"note": "of 529.982.247-25 here"},
    "a bare CPF": {"note": "of 52998224725 here"},
    "a CNPJ": {"note": "of 11.222.333/0001-81 here"},
    "an alphanumeric CNPJ": {"note": "of 12.ABC.345/01DE-35 here"},
    "a bare CNPJ": {"note": "of 11222333000181 here"},
    "a token": {"note": "got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl"},
    "an API key": {"note": "got bk_live_1234567890abcdef"},
    "a URL's password": {"note": "at postgresql://banking_app:hunter-2@db:5432/banking"},
    "a bearer header": {"note": "sent Bearer hunter-2"},
    "an object's text": {"note": ValueError("password=x, at redis://:hunter-2@cache/0")},
}
SECRETS = ("hunter-2", "529.982.247-25", "52998224725", "11.222.333", "12.ABC", "11222333000181", "eyJ", "bk_live")


@pytest.mark.parametrize("fields", CANARIES.values(), ids=CANARIES)
def test_no_secret_and_no_document_leaves_in_a_log(written: Written, fields: dict[str, Any]) -> None:
    """R63, R65."""
    structlog.get_logger().info("something_happened", **fields)

    line = json.dumps(written())
    assert REDACTED in line
    assert not [secret for secret in SECRETS if secret in line]


def test_what_is_no_secret_stays_readable(written: Written) -> None:
    fields = {
        "run_id": "0190b0c4-7e6a-7c1e-9d2f-123456789012",
        "pages": 3,
        "milliseconds": 12.5,
        "path": "/api/banking/accounts/0190b0c4-7e6a-7c1e-9d2f-52998224725a/",
        "is_real": True,
    }

    structlog.get_logger().info("sync_finished", **fields)

    (entry,) = written()
    assert {key: entry[key] for key in fields} == fields
    assert (entry["event"], entry["level"]) == ("sync_finished", "info")


def test_an_exception_leaves_its_trace_and_not_its_text(written: Written) -> None:
    """R65: the text of an exception may repeat what a person typed."""
    try:
        try:
            int("hunter-2")
        except ValueError as error:
            raise KeyError("hunter-2") from error
    except KeyError:
        structlog.get_logger().exception("request_failed")
        logging.getLogger("asyncio").exception("task failed")

    for entry in written():
        assert "test_logs.py" in entry["exception"]
        assert entry["exception"].count("Error") == 2
        assert "ValueError" in entry["exception"].splitlines()[-1]
    assert "hunter-2" not in json.dumps(written())


def test_the_text_of_our_own_refusals_stays(written: Written) -> None:
    try:
        raise PluggyRefused("GET /items/1: 400 ITEM_BROKEN", status=400)
    except PluggyRefused:
        structlog.get_logger().exception("request_failed")

    assert written()[0]["exception"].endswith("PluggyRefused: GET /items/1: 400 ITEM_BROKEN")


def test_logs_of_libraries_take_the_same_way(written: Written) -> None:
    """R65."""
    structlog.contextvars.bind_contextvars(request_id="abc12345")

    logging.getLogger("uvicorn.error").warning("refused %s", "Bearer hunter-2")
    logging.getLogger("httpx").info("HTTP Request: GET https://api.pluggy.ai/items?id=1")
    logging.getLogger("uvicorn.access").info('"GET /x?cpf=52998224725"')
    structlog.contextvars.clear_contextvars()

    (entry,) = written()
    assert (entry["event"], entry["logger"], entry["request_id"]) == ("refused [redacted]", "uvicorn.error", "abc12345")


async def test_a_request_is_logged_with_its_ids_and_without_its_query(written: Written) -> None:
    """R65."""
    async with running_api(make_settings(), caller=KnownCaller()) as (_, client):
        answer = await client.post(
            "/api/banking/greetings?cpf=52998224725",
            headers={"Authorization": "Bearer good", "Content-Type": "application/json"},
            content=b'{"name": "52998224725"}',
        )

    entry = next(entry for entry in written() if entry["event"] == "request_answered")
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/api/banking/greetings/", 422)
    assert entry["request_id"] == answer.headers["x-request-id"]
    assert entry["owner_id"].startswith("01890000")
    assert "52998224725" not in json.dumps(written())


async def test_ids_of_one_request_do_not_show_in_the_next(written: Written) -> None:
    async with running_api(make_settings(), caller=KnownCaller()) as (_, client):
        await client.get("/api/banking/greetings/", headers={"Authorization": "Bearer good"})
        await client.get("/healthz")

    entries = [entry for entry in written() if entry["event"] == "request_answered"]
    assert entries[0]["request_id"] != entries[1]["request_id"]
    assert "owner_id" not in entries[1]


def test_development_reads_well_and_is_redacted_too() -> None:
    stream = io.StringIO()
    before = structlog.get_config()
    configure_logs(make_settings(environment="development").service, stream=stream)

    structlog.get_logger().info("something_happened", password="hunter-2", pages=3)  # the canary
    structlog.configure(**before)

    assert "something_happened" in stream.getvalue()
    assert "pages=3" in stream.getvalue()
    assert "hunter-2" not in stream.getvalue()
