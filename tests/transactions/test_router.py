"""What clients read of the ledger, over HTTP and real PostgreSQL."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy.exc import DBAPIError

from app.database import Sessions, make_engine, make_sessions, transaction
from app.owners.principal import SCOPES
from app.reading import read_rows
from app.resources import Resources
from app.transactions import queries
from app.transactions.filters import TransactionFilter
from app.transactions.lines import TransactionLine, TransactionPage
from app.transactions.mapping import PAYMENT
from app.transactions.models import Transaction
from app.transactions.schemas import TransactionRead
from app.vault import row_place
from tests.factories import make_account, make_connection, make_revision, make_transaction
from tests.readers import ROOT, read_all, reader
from tests.transactions.support import LIST, add_account, add_rows, ids

DAY = date(2026, 3, 4)


async def test_newest_rows_come_first_and_ties_of_a_day_have_one_order(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    days = [DAY - timedelta(days=number % 4) for number in range(23)]
    added = await add_rows(sessions, owner_id, *({"date": day} for day in days))

    whole = (await client.get(LIST)).json()["results"]
    paged = await read_all(client, "transactions/", limit=5)

    assert ids(whole) == [row for _, row in sorted(zip(days, added, strict=True), reverse=True)]
    assert paged == whole


async def test_nothing_is_lost_or_doubled_while_rows_arrive(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """Mission: transactions come in pages."""
    added = await add_rows(sessions, owner_id, *({"date": DAY - timedelta(days=number)} for number in range(9)))
    first = (await client.get(LIST, params={"limit": 4})).json()
    late = await add_rows(sessions, owner_id, {"date": DAY + timedelta(days=1)}, {"date": DAY - timedelta(days=6)})

    rest = await read_all_from(client, first["next_cursor"])

    seen = ids(first["results"] + rest)
    assert len(seen) == len(set(seen))
    assert set(seen) == {*added, late[1]}


async def read_all_from(client: httpx.AsyncClient, cursor: str) -> list[dict[str, Any]]:
    answer = (await client.get(LIST, params={"limit": 4, "cursor": cursor})).json()
    rest = await read_all_from(client, answer["next_cursor"]) if answer["next_cursor"] else []
    return [*answer["results"], *rest]


async def test_the_last_page_has_no_cursor_even_when_it_is_full(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_rows(sessions, owner_id, {}, {})

    page = (await client.get(LIST, params={"limit": 2})).json()

    assert (len(page["results"]), page["next_cursor"]) == (2, None)


async def test_a_cursor_is_good_for_its_own_list_only(
    client: httpx.AsyncClient, sessions: Sessions, resources: Resources, owner_id: UUID, other_owner_id: UUID
) -> None:
    await add_rows(sessions, owner_id, {}, {}, {})
    cursor = (await client.get(LIST, params={"limit": 1, "direction": "OUT"})).json()["next_cursor"]

    same = await client.get(LIST, params={"limit": 2, "direction": "OUT", "cursor": cursor})
    refused = [
        await client.get(LIST, params={"cursor": cursor}),
        await client.get(LIST, params={"direction": "IN", "cursor": cursor}),
        await client.get(LIST, params={"direction": "OUT", "status": "POSTED", "cursor": cursor}),
        await client.get(LIST, params={"direction": "OUT", "cursor": cursor[:-2] + "AA"}),
        await client.get(LIST, params={"direction": "OUT", "cursor": "é"}),
        await client.get(ROOT + "accounts/", params={"cursor": cursor}),
    ]
    async with reader(resources, other_owner_id) as other:
        refused.append(await other.get(LIST, params={"direction": "OUT", "cursor": cursor}))

    assert same.status_code == 200
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(422, "invalid_cursor")] * 7


async def test_rows_of_another_owner_never_appear(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53: foreign and absent answer alike, word for word."""
    await add_rows(sessions, owner_id, {})
    (foreign,) = await add_rows(sessions, other_owner_id, {})
    async with transaction(sessions, other_owner_id) as session:
        theirs = await session.get_one(Transaction, (other_owner_id, foreign))

    rows = await read_all(client, "transactions/")
    filtered = await read_all(client, "transactions/", account_id=theirs.account_id)

    assert foreign not in ids(rows)
    assert filtered == []
    absent = uuid4()
    for suffix in ("", "history/"):
        answers = [await client.get(f"{LIST}{each}/{suffix}") for each in (foreign, absent)]
        assert [answer.status_code for answer in answers] == [404, 404]
        bodies = [
            {**answer.json(), "request_id": "", "detail": answer.json()["detail"].replace(str(each), "")}
            for answer, each in zip(answers, (foreign, absent), strict=True)
        ]
        assert bodies[0] == bodies[1]
        assert bodies[0]["code"] == "transaction_not_found"


async def test_each_of_both_walls_holds_alone(
    resources: Resources, owner_id: UUID, other_owner_id: UUID, postgres_url: Callable[..., str], database_name: str
) -> None:
    """R53 without R54, and R54 without R53: SQL for the wrong owner, and SQL by a role that sees all."""
    (own,) = await add_rows(resources.sessions, owner_id, {})
    (foreign,) = await add_rows(resources.sessions, other_owner_id, {})
    everything = make_engine(postgres_url("postgres", database_name), pool_size=1, statement_ms=5_000)
    text, names = queries.page_statement()
    wrong = {"owner_id": other_owner_id, "limit": 50}

    by_policy = await read_rows(resources.engine, owner_id, text, tuple(wrong[name] for name in names))
    unbounded = await read_rows(resources.engine, owner_id, "SELECT id FROM transactions", ())
    by_sql = await queries.list_page(everything, owner_id, TransactionFilter(), after=None, limit=50)
    async with transaction(resources.sessions, owner_id) as session:
        found_by_policy = await queries.find(session, other_owner_id, foreign)
    async with transaction(make_sessions(everything), None) as session:
        found_by_sql = await queries.find(session, owner_id, foreign)
    await everything.dispose()

    assert ([*by_policy], [row[0] for row in unbounded], [row[0] for row in by_sql]) == ([], [own], [own])
    assert (found_by_policy, found_by_sql) == (None, None)


async def test_a_read_leaves_no_owner_behind_on_its_connection(resources: Resources, owner_id: UUID) -> None:
    """R54: the next user of a pooled connection begins as nobody."""
    setting = "SELECT nullif(current_setting('banking.owner', true), '')"
    engine = make_engine(resources.settings.database.url, pool_size=1, statement_ms=5_000)

    during = await read_rows(engine, owner_id, setting, ())
    async with engine.connect() as connection:
        after = (await connection.exec_driver_sql(setting)).scalar_one()
    await engine.dispose()

    assert ([row[0] for row in during], after) == ([str(owner_id)], None)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("-0.1", "-0.10"),
        ("0", "0.00"),
        ("1234.5678", "1234.5678"),
        ("-0.005", "-0.005"),
        ("999999999999999.9999", "999999999999999.9999"),
        ("100", "100.00"),
    ],
)
async def test_money_is_exact_text_of_two_to_four_decimals(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, stored: str, shown: str
) -> None:
    """R29."""
    (row_id,) = await add_rows(
        sessions, owner_id, {"amount": stored, "original_amount": Decimal(stored), "original_currency_code": "USD"}
    )

    (line,) = await read_all(client, "transactions/")
    whole = (await client.get(f"{LIST}{row_id}/")).json()

    assert [line["amount"], line["original_amount"]] == [shown, shown]
    assert [whole["amount"], whole["original_amount"]] == [shown, shown]


async def test_removed_rows_are_gone_and_hidden_accounts_still_show_theirs(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    async with transaction(sessions, owner_id) as session:
        account_id = await add_account(session, owner_id, hidden=True)
        kept = await make_transaction(session, owner_id, account_id)
        removed = await make_transaction(session, owner_id, account_id, removed_at=datetime.now(UTC))

    rows = await read_all(client, "transactions/")
    answers = [await client.get(f"{LIST}{removed.id}/{suffix}") for suffix in ("", "history/")]

    assert ids(rows) == [kept.id]
    assert [answer.status_code for answer in answers] == [404, 404]


async def test_rows_vanish_with_the_deletion_of_their_connection(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """R35."""
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        account = await make_account(session, owner_id, connection.id)
        row = await make_transaction(session, owner_id, account.id)
    assert len(await read_all(client, "transactions/")) == 1

    assert (await client.delete(f"{ROOT}connections/{connection.id}/")).status_code == 202

    assert await read_all(client, "transactions/") == []
    assert await read_all(client, "transactions/", connection_id=connection.id) == []
    assert (await client.get(f"{LIST}{row.id}/")).status_code == 404


FULL = {
    "occurred_at": datetime(2026, 3, 4, 14, 22, 10, tzinfo=UTC),
    "pluggy_category_id": "05070000",
    "pluggy_category": "Transfer - PIX",
    "counterparty_name": "Padaria Pão",
    "installment_number": 2,
    "total_installments": 10,
    "note": "pão",
    "tags": ["casa", "café"],
    "ignored": True,
    "description_raw": "PIX 04/03",
    "operation_type": "PIX",
    "running_balance": Decimal("10.5"),
    "details": {
        "card": {"total_amount": "100.00", "purchase_date": "2026-02-01", "last_digits": "1234"},
        "merchant": {"name": "Padaria", "cnpj": "12345678000199"},
    },
}


async def test_a_list_row_is_what_openapi_says_and_what_the_single_resource_shows(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    full, _ = await add_rows(sessions, owner_id, FULL, {"pluggy_category": "Only a name"})
    document = (await client.get(ROOT + "openapi.json")).json()
    answer = document["paths"][LIST]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    rule = Draft202012Validator({**answer, "components": document["components"]})

    page = (await client.get(LIST)).json()
    whole = (await client.get(f"{LIST}{full}/")).json()

    rule.validate(page)
    assert TransactionLine.__struct_fields__ == tuple(TransactionRead.model_fields)
    assert TransactionPage.__struct_fields__ == ("results", "next_cursor")
    lines = {row["id"]: row for row in page["results"]}
    assert lines[str(full)] == {name: whole[name] for name in TransactionRead.model_fields}
    assert whole["category"] == {"id": "05070000", "name": "Transfer - PIX", "name_pt": "Transferência - PIX"}
    assert (whole["category_source"], whole["installment"]) == ("pluggy", {"number": 2, "total": 10})
    assert whole["occurred_at"] == "2026-03-04T14:22:10Z"
    assert whole["freshness"]["is_stale"] is False


PAYMENT_JSON = {
    "payer": {"name": "Ana", "documentNumber": {"type": "CPF", "value": "123.456.789-09"}},
    "receiver": {
        "name": "Padaria",
        "documentNumber": {"type": "CNPJ", "value": "12345678000199"},
        "accountNumber": "987654-3",
        "routingNumber": "341",
        "routingNumberISPB": "60701190",
    },
    "paymentMethod": "PIX",
    "boletoMetadata": {"digitableLine": "34191", "baseAmount": "12.5"},
}


async def test_documents_and_numbers_of_accounts_are_masked_without_the_scope(
    client: httpx.AsyncClient, sessions: Sessions, resources: Resources, owner_id: UUID
) -> None:
    """R64."""
    async with transaction(sessions, owner_id) as session:
        row = await make_transaction(session, owner_id, await add_account(session, owner_id), **FULL)
        place = row_place(PAYMENT, owner_id, row.id)
        row.payment = resources.vault.seal(json.dumps(PAYMENT_JSON).encode(), place=place)

    hidden = await client.get(f"{LIST}{row.id}/")
    async with reader(resources, owner_id, SCOPES) as trusted:
        open_ = (await trusted.get(f"{LIST}{row.id}/")).json()

    assert not any(secret in hidden.text for secret in ("123.456", "12345678", "987654"))
    assert hidden.json()["payment"]["receiver"] == {
        "name": "Padaria",
        "document_type": "CNPJ",
        "document": "••••••••••0199",
        "branch_number": None,
        "account_number": "••••54-3",
        "routing_number": "341",
        "ispb": "60701190",
    }
    assert hidden.json()["merchant"]["cnpj"] == "••••••••••0199"
    assert open_["payment"]["payer"]["document"] == "123.456.789-09"
    assert open_["payment"]["receiver"]["account_number"] == "987654-3"
    assert open_["payment"]["boleto"]["base_amount"] == "12.50"
    assert open_["merchant"]["cnpj"] == "12345678000199"


async def test_a_history_tells_each_change_newest_first(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    (row_id,) = await add_rows(sessions, owner_id, {})
    async with transaction(sessions, owner_id) as session:
        changes = {"amount": ["-1.00", "-2.00"], "pluggy_category_id": [None, "05070000"], "removed": [True, False]}
        third = await make_revision(session, owner_id, row_id, change_number=9, changes=changes)
        first = await make_revision(session, owner_id, row_id, change_number=3)
        second = await make_revision(session, owner_id, row_id, change_number=5, run_id=None)

    rows = await read_all(client, f"transactions/{row_id}/history/", limit=1)

    assert ids(rows) == [third.id, second.id, first.id]
    assert rows[0]["changes"] == [
        {"field": "amount", "before": "-1.00", "after": "-2.00"},
        {"field": "removed", "before": True, "after": False},
        {"field": "category.id", "before": None, "after": "05070000"},
    ]
    assert rows[1]["run_id"] is None


async def test_reading_needs_its_scope(resources: Resources, owner_id: UUID) -> None:
    async with reader(resources, owner_id, SCOPES - {"transactions:read"}) as blind:
        answers = [await blind.get(path) for path in (LIST, f"{LIST}{uuid4()}/", f"{LIST}{uuid4()}/history/")]

    assert [answer.status_code for answer in answers] == [403] * 3


@pytest.mark.parametrize("conditions", [(), ("date_from", "date_to")])
@pytest.mark.parametrize("is_first", [True, False])
async def test_a_page_walks_the_index_of_its_owner_at_any_depth(
    sessions: Sessions, owner_id: UUID, conditions: tuple[str, ...], is_first: bool
) -> None:
    """No page sorts, counts or skips: whatever the depth, it reads its own rows and no others."""
    async with transaction(sessions, owner_id) as session:
        connection = await session.connection()
        for way in ("seqscan", "bitmapscan", "sort"):  # as with many rows, whatever was analysed before
            await connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        text, names = queries.page_statement(conditions, is_first=is_first)
        values = {"owner_id": owner_id, "limit": 51, "after_id": owner_id} | dict.fromkeys(
            ("after_key", "date_from", "date_to"), DAY
        )
        plan = await connection.exec_driver_sql(f"EXPLAIN {text}", tuple(values[name] for name in names))
        lines = "\n".join(row[0] for row in plan)

    assert "Index Scan using ix_transactions_owner_id_date" in lines
    assert "Sort" not in lines
    assert ("ROW(date, id) < ROW" in lines) == (not is_first)


async def test_a_connection_that_died_in_the_pool_is_replaced_unseen(
    resources: Resources, owner_id: UUID, postgres_url: Callable[..., str], database_name: str
) -> None:
    """R72: after a restart of the server no reader meets the dead connections of the pool."""
    (own,) = await add_rows(resources.sessions, owner_id, {})
    engine = make_engine(resources.settings.database.url, pool_size=1, statement_ms=5_000)
    admin = make_engine(postgres_url("postgres", database_name), pool_size=1, statement_ms=5_000)
    [[pid]] = await read_rows(engine, owner_id, "SELECT pg_backend_pid()", ())

    async with admin.connect() as connection:
        await connection.exec_driver_sql("SELECT pg_terminate_backend($1, 5000)", (pid,))
    found = await queries.list_page(engine, owner_id, TransactionFilter(), after=None, limit=50)
    await engine.dispose()
    await admin.dispose()

    assert [row[0] for row in found] == [own]


async def test_a_read_that_is_broken_off_leaves_no_transaction_in_the_pool(
    resources: Resources, owner_id: UUID
) -> None:
    """R72: whoever is given the connection next begins afresh, and may write."""
    engine = make_engine(resources.settings.database.url, pool_size=1, statement_ms=5_000)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await read_rows(engine, owner_id, "SELECT pg_sleep(4)", ())
    async with engine.connect() as connection:
        is_read_only = await connection.exec_driver_sql("SHOW transaction_read_only")
        assert is_read_only.scalar_one() == "off"
    await engine.dispose()


async def test_a_statement_that_fails_leaves_its_connection_usable(resources: Resources, owner_id: UUID) -> None:
    engine = make_engine(resources.settings.database.url, pool_size=1, statement_ms=5_000)

    with pytest.raises(DBAPIError):
        await read_rows(engine, owner_id, "SELECT 1 / 0", ())
    with pytest.raises(DBAPIError):
        await read_rows(engine, owner_id, "DELETE FROM transactions", ())
    [[one]] = await read_rows(engine, owner_id, "SELECT 1", ())
    await engine.dispose()

    assert one == 1
