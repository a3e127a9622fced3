"""Investments and loans from the bank to the API, against the stand-in."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from app.database import transaction
from app.holdings.investments import to_source
from app.holdings.loans import plain
from app.money import money_text
from app.pluggy.holding_models import Investment
from app.pluggy.wire import decode_as
from app.resources import Resources
from tests.readers import ROOT, read_all, reader
from tests.stand_in import StandIn
from tests.sync.support import connect, sync
from worker.job import Runner

TWIN = """
    INSERT INTO loans
    SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'pluggy_id', gen_random_uuid()))).*
    FROM loans l
"""


async def told_by(stand_in: StandIn, item_id: UUID | None, name: str) -> dict[str, Any]:
    return {row["id"]: row for row in (await stand_in.api("GET", f"/{name}", itemId=str(item_id)))["results"]}


async def test_investments_are_the_banks_to_the_centavo(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R29, R78"""
    connection = await connect(resources, runner, stand_in, owner_id)

    shown = {row["pluggy_id"]: row for row in await read_all(client, "investments/", limit=2)}

    told = await told_by(stand_in, connection.item_id, "investments")
    assert len(told) > 2
    assert {key: row["balance"] for key, row in shown.items()} == {
        key: money_text(Decimal(row["balance"])) for key, row in told.items()
    }
    assert {row["institution_name"] for row in shown.values()} == {connection.institution_name}
    assert all(row["freshness"]["is_stale"] is False for row in shown.values())


async def test_loans_are_the_banks_to_the_centavo(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R29, R78"""
    connection = await connect(resources, runner, stand_in, owner_id)

    shown = {row["pluggy_id"]: row for row in await read_all(client, "loans/", connection_id=connection.id)}

    told = await told_by(stand_in, connection.item_id, "loans")
    assert shown.keys() == told.keys() != set()
    for key, row in told.items():
        owed = Decimal(row["payments"]["contractOutstandingBalance"])
        assert Decimal(shown[key]["outstanding_balance"]) == owed
        assert shown[key]["paid_installments"] == row["installments"]["paidInstallments"]
        assert len(shown[key]["details"]["interest_rates"]) == len(row["interestRates"])


async def test_equal_holdings_are_not_written_and_changed_ones_are(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)

    async def versions() -> set[tuple[str, ...]]:
        async with transaction(resources.sessions, owner_id) as session:
            found = await session.execute(text("SELECT id::text, xmin::text FROM investments"))
            return {tuple(row) for row in found}

    before = await versions()
    await sync(resources, runner, connection)
    again = await versions()
    assert connection.item_id is not None
    await stand_in.run_item(connection.item_id, days=30)
    await sync(resources, runner, connection)
    later = await versions()

    assert before == again
    assert before.isdisjoint(later)
    assert {row[0] for row in before} == {row[0] for row in later}


async def ids_shown(client: httpx.AsyncClient, **query: Any) -> list[str]:
    return sorted([row["id"] for name in ("investments/", "loans/") for row in await read_all(client, name, **query)])


@pytest.mark.parametrize("deleted_first", [True, False], ids=["after it was deleted", "while the other is live"])
async def test_what_returns_under_a_new_item_is_shown_once_under_its_id(
    client: httpx.AsyncClient,
    resources: Resources,
    runner: Runner,
    stand_in: StandIn,
    owner_id: UUID,
    deleted_first: bool,
) -> None:
    """R33"""
    first = await connect(resources, runner, stand_in, owner_id)
    before = await ids_shown(client)
    if deleted_first:
        await stand_in.api("DELETE", f"/items/{first.item_id}")
        await sync(resources, runner, first)

    second = await connect(resources, runner, stand_in, owner_id)
    await sync(resources, runner, first)

    assert len(before) > 2
    assert await ids_shown(client) == before
    for name in ("investments", "loans"):
        shown = {row["pluggy_id"] for row in await read_all(client, name + "/", connection_id=second.id)}
        assert shown == (await told_by(stand_in, second.item_id, name)).keys()


async def test_of_two_positions_alike_neither_continues_the_other(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R33: which of them came back can't be told, so both stay apart from what arrives."""
    first = await connect(resources, runner, stand_in, owner_id)
    async with transaction(resources.sessions, owner_id) as session:
        await session.execute(text(TWIN))
    before = {row["id"] for row in await read_all(client, "loans/")}

    second = await connect(resources, runner, stand_in, owner_id)

    former = {row["id"] for row in await read_all(client, "loans/", connection_id=first.id)}
    assert former == before
    assert {row["id"] for row in await read_all(client, "loans/", connection_id=second.id)}.isdisjoint(before)


async def test_an_institutions_other_connection_with_accounts_of_its_own_keeps_what_it_holds(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R33: the same fund held by two logins is two positions."""
    first = await connect(resources, runner, stand_in, owner_id)
    before = await ids_shown(client)
    async with transaction(resources.sessions, owner_id) as session:
        await session.execute(text("UPDATE accounts SET number_hash = 'another'"))

    await connect(resources, runner, stand_in, owner_id)

    kept = [
        row["id"] for name in ("investments/", "loans/") for row in await read_all(client, name, connection_id=first.id)
    ]
    assert sorted(kept) == before
    assert len(await ids_shown(client)) == 2 * len(before)


async def test_answers_are_what_openapi_says(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    await connect(resources, runner, stand_in, owner_id)
    document = (await client.get(ROOT + "openapi.json")).json()

    for name in ("investments/", "loans/"):
        answer = (await client.get(ROOT + name)).json()
        schema = document["paths"][ROOT + name]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer)


async def test_nobody_sees_what_others_hold(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53"""
    connection = await connect(resources, runner, stand_in, owner_id)

    async with reader(resources, other_owner_id) as stranger:
        found = [await read_all(stranger, name, connection_id=connection.id) for name in ("investments/", "loans/")]

    assert found == [[], []]


async def test_the_names_and_documents_of_holders_are_not_kept(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R64: no holder's name, no whole contract number, and no IPOC code, which holds a CPF."""
    connection = await connect(resources, runner, stand_in, owner_id)
    secrets = [row["owner"] for row in (await told_by(stand_in, connection.item_id, "investments")).values()]
    for loan in (await told_by(stand_in, connection.item_id, "loans")).values():
        secrets += [loan["ipocCode"], loan["contractNumber"]]

    async with transaction(resources.sessions, owner_id) as session:
        rows = await session.execute(
            text("SELECT to_jsonb(i)::text FROM investments i UNION ALL SELECT to_jsonb(l)::text FROM loans l")
        )
        kept = "\n".join(row[0] for row in rows)

    assert kept != ""
    assert [secret for secret in secrets if secret and secret in kept] == []


def test_quantities_and_rates_keep_their_decimals() -> None:
    """R29"""
    raw = b'{"id": "5b1f6a3e-8c1d-4a70-9f42-0d6c7be1f6a9", "quantity": 0.12345678, "rate": 102.50, "balance": 0.1}'

    columns = to_source(decode_as(raw, Investment)).columns

    assert (columns["quantity"], columns["balance"]) == (Decimal("0.12345678"), Decimal("0.1"))
    assert columns["details"]["rate"] == "102.5"


@pytest.mark.parametrize("amount", [10**18, "NaN"])
def test_an_amount_that_cannot_be_held_is_refused(amount: Any) -> None:
    """R28, R29"""
    raw = {"id": "5b1f6a3e-8c1d-4a70-9f42-0d6c7be1f6a9", "balance": amount}

    with pytest.raises((ValueError, msgspec.ValidationError)):
        to_source(decode_as(msgspec.json.encode(raw), Investment))


def test_objects_of_open_finance_get_the_apis_names_and_exact_numbers() -> None:
    told = [{"preFixedRate": Decimal("0.0189"), "count": 3, "isOverParcelPayment": True, "overParcel": {"fees": []}}]

    assert plain(told) == [
        {"pre_fixed_rate": "0.0189", "count": "3", "is_over_parcel_payment": True, "over_parcel": {"fees": []}}
    ]
