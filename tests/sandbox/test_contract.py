"""Every endpoint validates against Pluggy's document and parses with the community SDK; the table says so."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.sandbox.contract import (
    DOCUMENT,
    DOCUMENT_IS_WRONG,
    ROOT,
    SDK_CANNOT,
    Exchange,
    described_endpoints,
    document_errors,
    endpoints,
    exchanges,
    sdk_error,
)
from tests.sandbox.desk import open_desk

PAGE = ROOT / "docs" / "sandbox.md"
BEGIN, END = "<!-- contract table: begin -->", "<!-- contract table: end -->"
REWRITE = "REWRITE_SANDBOX_TABLE=1 pytest tests/sandbox/test_contract.py"


@pytest.fixture(scope="module")
async def walked() -> AsyncIterator[list[Exchange]]:
    async with open_desk() as desk:
        yield await exchanges(desk)


needs_document = pytest.mark.skipif(
    not DOCUMENT.exists(), reason="Pluggy's OpenAPI document is not part of this repository and is not beside it"
)


@needs_document
async def test_every_answer_is_as_pluggys_document_says(walked: list[Exchange]) -> None:
    failures = {
        exchange.name: errors[:3]
        for exchange in walked
        if exchange.name not in DOCUMENT_IS_WRONG and (errors := list(document_errors(exchange) or ()))
    }

    assert failures == {}


async def test_every_answer_parses_with_the_community_sdk_where_it_can(walked: list[Exchange]) -> None:
    failures = {
        exchange.name: error
        for exchange in walked
        if exchange.model and exchange.name not in SDK_CANNOT and (error := sdk_error(exchange))
    }

    assert failures == {}


async def test_the_sdk_still_cannot_read_an_item_that_waits_for_oauth(walked: list[Exchange]) -> None:
    [waiting] = [exchange for exchange in walked if exchange.name == "GET /items/{id} (OAuth)"]

    assert "must be one of enum values" in (sdk_error(waiting) or "")


async def test_the_table_has_a_row_for_every_endpoint(walked: list[Exchange]) -> None:
    async with open_desk() as desk:
        served = await endpoints(desk)

    assert {(method.upper(), path) for method, path in (exchange.template for exchange in walked)} == set(served)


@needs_document
async def test_every_endpoint_that_pluggy_describes_is_served_payments_excepted(walked: list[Exchange]) -> None:
    called = {(method.upper(), path) for method, path in (exchange.template for exchange in walked)}

    assert described_endpoints() - called == set()


@needs_document
async def test_the_table_in_the_documentation_is_this_one(walked: list[Exchange]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    tail = rest.partition(END)[2]
    written = f"{head}{BEGIN}\n{table(walked)}\n{END}{tail}"

    if os.environ.get("REWRITE_SANDBOX_TABLE"):
        PAGE.write_text(written, encoding="utf-8")

    assert PAGE.read_text(encoding="utf-8") == written, f"docs/sandbox.md is out of date; rewrite it with: {REWRITE}"


def table(walked: list[Exchange]) -> str:
    lines = ["| Endpoint | Status | Pluggy's OpenAPI document | `pluggy-sdk` |", "| --- | --- | --- | --- |"]
    for exchange in walked:
        row = (f"`{exchange.name}`", str(exchange.answer.status_code), _document(exchange), _sdk(exchange))
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def _document(exchange: Exchange) -> str:
    errors = document_errors(exchange)
    if errors is None:
        return "not in the document of July 2026"
    if exchange.name in DOCUMENT_IS_WRONG:
        return f"contradicted: {DOCUMENT_IS_WRONG[exchange.name]}"
    return "valid" if not list(errors) else "INVALID"


def _sdk(exchange: Exchange) -> str:
    if exchange.answer.status_code == 403:
        return "refused: by arrangement only"
    if exchange.model is None:
        return "no body"
    if exchange.name in SDK_CANNOT:
        return f"cannot: {SDK_CANNOT[exchange.name]}"
    return f"parses as `{exchange.model}`" if sdk_error(exchange) is None else "FAILS"
