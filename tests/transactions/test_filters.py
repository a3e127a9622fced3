"""Which transactions a filter keeps, and which filters are refused."""

import json
from datetime import date
from uuid import UUID, uuid4

import httpx
import pytest

from app.database import Sessions, transaction
from tests.factories import make_account, make_connection, make_transaction
from tests.readers import read_all
from tests.transactions.support import LIST, add_account, add_rows, ids


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"date_from": "2026-03-02"}, "bcd"),
        ({"date_to": "2026-03-02"}, "ab"),
        ({"date_from": "2026-03-02", "date_to": "2026-03-02"}, "b"),
        ({"amount_from": "-50"}, "bcd"),
        ({"amount_to": "-0.0001"}, "ab"),
        ({"amount_from": "-80.5", "amount_to": "-80.50"}, "a"),
        ({"direction": "IN"}, "cd"),
        ({"status": "PENDING"}, "d"),
        ({"category": "05000000"}, "ab"),
        ({"category": "05070000"}, "b"),
        ({"category": "00000000"}, ""),
        ({"counterparty": "padaria"}, "a"),
        ({"counterparty": "100%_"}, "b"),
        ({"counterparty": "a\\b"}, "c"),
        ({"counterparty": "%%"}, ""),
        ({"direction": "IN", "date_to": "2026-03-03", "amount_from": "0"}, "c"),
    ],
)
async def test_each_filter_keeps_what_it_names(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, query: dict[str, str], found: str
) -> None:
    await add_rows(
        sessions,
        owner_id,
        {"date": date(2026, 3, 1), "amount": "-80.5", "pluggy_category_id": "05010001", "description": "a",
         "counterparty_name": "Padaria Pão"},
        {"date": date(2026, 3, 2), "amount": "-50", "pluggy_category_id": "05070000", "description": "b",
         "counterparty_name": "Loja 100%_Sul"},
        {"date": date(2026, 3, 3), "amount": "0", "pluggy_category_id": "15070000", "description": "c",
         "counterparty_name": "Rua A\\B"},
        {"date": date(2026, 3, 4), "amount": "7", "status": "PENDING", "description": "d"},
    )  # fmt: skip

    rows = await read_all(client, "transactions/", limit=1, **query)

    assert "".join(sorted(row["description"] for row in rows)) == found


async def test_rows_are_found_by_account_and_by_connection(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """Mission: transactions.list(item_id)."""
    async with transaction(sessions, owner_id) as session:
        bank = await make_connection(session, owner_id)
        checking, card = [await make_account(session, owner_id, bank.id) for _ in range(2)]
        elsewhere = await add_account(session, owner_id)
        rows = [await make_transaction(session, owner_id, each) for each in (checking.id, card.id, elsewhere)]

    by_account = await read_all(client, "transactions/", account_id=card.id)
    by_connection = await read_all(client, "transactions/", connection_id=bank.id, limit=1)
    by_nothing = await read_all(client, "transactions/", connection_id=uuid4())

    assert ids(by_account) == [rows[1].id]
    assert set(ids(by_connection)) == {rows[0].id, rows[1].id}
    assert by_nothing == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"date_from": "2026-03-02", "date_to": "2026-03-01"}, "/query/date_to"),
        ({"amount_from": "-1", "amount_to": "-1.0001"}, "/query/amount_to"),
        ({"date_from": "2026-02-30"}, "/query/date_from"),
        ({"date_from": "2026-3-2"}, "/query/date_from"),
        ({"date_to": "0"}, "/query/date_to"),
        ({"date_to": "2026-03-02T00:00:00Z"}, "/query/date_to"),
        ({"date_to": "٢٠٢٦-٠٣-٠٢"}, "/query/date_to"),
        ({"amount_from": "1234567890123456"}, "/query/amount_from"),
        ({"amount_from": "0.00001"}, "/query/amount_from"),
        ({"amount_to": "NaN"}, "/query/amount_to"),
        ({"amount_to": "-Infinity"}, "/query/amount_to"),
        ({"amount_to": "1e3"}, "/query/amount_to"),
        ({"amount_to": "1,50"}, "/query/amount_to"),
        ({"amount_to": ""}, "/query/amount_to"),
        ({"account_id": "1"}, "/query/account_id"),
        ({"direction": "out"}, "/query/direction"),
        ({"status": "posted"}, "/query/status"),
        ({"category": "5"}, "/query/category"),
        ({"counterparty": "x"}, "/query/counterparty"),
        ({"limit": "0"}, "/query/limit"),
        ({"limit": "501"}, "/query/limit"),
        ({"q": "x"}, "/query/q"),
        ({"q": "  "}, "/query/q"),
        ({"sort": "description"}, "/query/sort"),
        ({"currency_code": "reais"}, "/query/currency_code"),
        ({"internal": "maybe"}, "/query/internal"),
        ({"offset": "50"}, "/query"),
    ],
)
async def test_a_filter_that_cannot_be_meant_is_refused_where_it_is_wrong(
    client: httpx.AsyncClient, query: dict[str, str], pointer: str
) -> None:
    answer = await client.get(LIST, params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert all(value not in json.dumps(answer.json()["errors"]) for value in query.values() if len(value) > 8)


async def test_faults_of_the_page_and_of_the_filter_are_told_together(client: httpx.AsyncClient) -> None:
    """A filter is read apart from the rest of the query; whoever errs in both is still told both at once."""
    answer = await client.get(LIST, params={"limit": "0", "internal": "maybe", "amount_from": "x"})

    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert pointers == {"/query/limit", "/query/internal", "/query/amount_from"}


async def test_a_text_that_cannot_be_stored_finds_no_server_error(client: httpx.AsyncClient) -> None:
    answer = await client.get(LIST, params={"counterparty": "ab\0"})

    assert answer.status_code == 422
