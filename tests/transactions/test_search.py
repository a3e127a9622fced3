"""Finding rows by what they say, and putting them in order."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.database import Sessions, transaction
from app.transactions import queries
from tests.readers import read_all
from tests.transactions.support import LIST, add_account, add_rows, ids

DAY = date(2026, 3, 4)
ROWS: list[dict[str, Any]] = [
    {"description": "PIX ENVIADO PADARIA PÃO NOSSO", "amount": "-10.00"},
    {"description": "COMPRA", "counterparty_name": "Açougue São João", "amount": "-20.00"},
    {"description": "COMPRA", "description_raw": "CPRA 100% LEGAL_ LTDA", "amount": "-30.00"},
    {"description": "COMPRA", "note": "presente da Júlia", "amount": "40.00"},
]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("pao nosso", [0]),
        ("PÃO", [0]),
        ("sao joao", [1]),
        ("Açou", [1]),
        ("julia", [3]),
        ("  compra ", [1, 2, 3]),
        ("100%", [2]),
        ("legal_", [2]),
        ("10_%", []),
        ("nada disso", []),
        ("'; DROP", []),
    ],
)
async def test_a_search_ignores_case_and_accents_in_description_counterparty_and_note(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, other_owner_id: UUID, q: str, found: list[int]
) -> None:
    added = await add_rows(sessions, owner_id, *ROWS)
    await add_rows(sessions, other_owner_id, *ROWS)

    rows = await read_all(client, "transactions/", limit=1, q=q)

    assert set(ids(rows)) == {added[at] for at in found}
    assert len(rows) == len(found)


async def test_a_note_is_found_once_it_is_written_however_long(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    (row_id,) = await add_rows(sessions, owner_id, {"description": "D" * 5_000, "description_raw": "R" * 5_000})
    note = "x" * 1_990 + " começo"

    answer = await client.patch(f"{LIST}{row_id}/", json={"note": note})
    foreign_script = await client.patch(f"{LIST}{row_id}/", json={"note": "結" * 2_000})

    assert (answer.status_code, foreign_script.status_code) == (200, 200)
    assert ids(await read_all(client, "transactions/", q="結結")) == [row_id]


async def test_the_end_of_the_longest_note_is_found(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    (row_id,) = await add_rows(sessions, owner_id, {})

    await client.patch(f"{LIST}{row_id}/", json={"note": "á" * 1_993 + " começo"})

    assert ids(await read_all(client, "transactions/", q="a comeco")) == [row_id]


@pytest.mark.parametrize("sort", ["date", "-date", "amount", "-amount"])
async def test_each_order_is_whole_over_its_pages(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, sort: str
) -> None:
    given = [{"date": DAY - timedelta(days=at % 4), "amount": f"{at % 3 - 1}.1234"} for at in range(11)]
    await add_rows(sessions, owner_id, *given)

    rows = await read_all(client, "transactions/", limit=2, sort=sort)

    key = sort.removeprefix("-")
    keys = [(float(row["amount"]) if key == "amount" else row["date"], row["id"]) for row in rows]
    assert keys == sorted(keys, reverse=sort.startswith("-"))
    assert len(set(ids(rows))) == len(given)


async def test_a_cursor_is_good_for_its_order_only(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_rows(sessions, owner_id, {}, {}, {})
    cursor = (await client.get(LIST, params={"limit": 1, "sort": "amount"})).json()["next_cursor"]

    answer = await client.get(LIST, params={"limit": 1, "cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_filters_are_combined_freely(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    counterparty_id = uuid4()
    wanted = {
        "description": "PADARIA PÃO",
        "counterparty_name": "Padaria São José",
        "counterparty_id": counterparty_id,
        "amount": "-50.00",
        "currency_code": "USD",
        "tags": ["casa", "feira"],
        "ignored": True,
        "internal_kind": "card_payment",
        "pluggy_category_id": "11010000",
    }
    others = [
        {**wanted, name: value}
        for name, value in {
            "description": "MERCADO",
            "counterparty_name": "Açougue",
            "counterparty_id": uuid4(),
            "amount": "-500.00",
            "currency_code": "BRL",
            "tags": ["feira"],
            "ignored": False,
            "internal_kind": None,
            "pluggy_category_id": "10000000",
        }.items()
    ]
    kept, *_ = await add_rows(sessions, owner_id, wanted, *others)
    query = {
        "q": "pao",
        "counterparty": "SAO JOSE",
        "counterparty_id": counterparty_id,
        "amount_from": "-60",
        "amount_to": "-40",
        "currency_code": "USD",
        "tag": "casa",
        "ignored": "true",
        "internal": "true",
        "category": "11000000",
    }

    for sort in ("-date", "amount"):
        assert ids(await read_all(client, "transactions/", sort=sort, **query)) == [kept]
    for name in ("ignored", "internal"):
        assert await read_all(client, "transactions/", **{**query, name: "false"}) != [kept]


async def test_a_search_looks_through_the_index_alone(sessions: Sessions, owner_id: UUID) -> None:
    """Among an owner's rows, of which few match, the table itself is visited for the page's rows only."""
    async with transaction(sessions, owner_id) as session:
        await add_account(session, owner_id)
        connection = await session.connection()
        for way in ("seqscan", "bitmapscan", "indexscan", "sort"):  # as with many rows, whatever was analysed before
            await connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        statement, names = queries.page_statement(("q",))
        values = {"owner_id": owner_id, "limit": 51, "q": "padaria"}
        plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", tuple(values[name] for name in names))
        lines = "\n".join(row[0] for row in plan)

    assert "Index Only Scan using ix_transactions_owner_id_date" in lines
