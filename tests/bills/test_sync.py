"""Bills from the bank to the API, against the stand-in."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from jsonschema import Draft202012Validator
from sqlalchemy import select, text

from app.accounts.models import Account
from app.bills import service
from app.bills.models import Bill
from app.clock import local_day, utc_now
from app.connections.models import BankConnection
from app.connections.removal import start_deletion
from app.database import transaction
from app.mirror import Source
from app.money import money_text
from app.resources import Resources
from tests.factories import make_account, make_connection
from tests.readers import ROOT, read_all, reader
from tests.stand_in import StandIn
from tests.sync.support import connect, sync
from worker.job import Runner

TODAY = local_day(utc_now())


async def card_of(resources: Resources, connection: BankConnection) -> Account:
    async with transaction(resources.sessions, connection.owner_id) as session:
        cards = select(Account).where(Account.connection_id == connection.id, Account.type == "CREDIT")
        return (await session.scalars(cards.order_by(Account.pluggy_id))).all()[0]


async def at_the_bank(stand_in: StandIn, card: Account) -> dict[str, Any]:
    told = await stand_in.api("GET", "/bills", accountId=str(card.pluggy_id))
    return {bill["id"]: bill for bill in told["results"]}


async def versions(resources: Resources, owner_id: UUID) -> set[tuple[str, str]]:
    async with transaction(resources.sessions, owner_id) as session:
        rows = await session.execute(text("SELECT ctid::text, xmin::text FROM bills"))
        return {(row[0], row[1]) for row in rows}


async def events(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    return [event for event in await read_all(client, "events/") if event["type"].startswith("bill.")]


def source(**given: Any) -> Source:
    columns = {"due_date": TODAY, "closing_date": TODAY, "currency_code": "BRL", "total_amount": Decimal(10)}
    return Source(given.pop("pluggy_id", None) or uuid4(), {**columns, "paid_amount": Decimal(0), **given})


async def add_card(resources: Resources, owner_id: UUID) -> Account:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        return await make_account(session, owner_id, connection.id, type="CREDIT")


async def mirror(resources: Resources, card: Account, sources: list[Source], *, is_whole: bool = True) -> list[Bill]:
    async with transaction(resources.sessions, card.owner_id) as session:
        await service.mirror(session, card.owner_id, card.id, sources, is_whole=is_whole, today=TODAY)
    async with transaction(resources.sessions, card.owner_id) as session:
        return list((await session.scalars(select(Bill).order_by(Bill.due_date.desc()))).all())


async def test_bills_are_the_banks_to_the_centavo(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R29, R78"""
    card = await card_of(resources, await connect(resources, runner, stand_in, owner_id))

    shown = {bill["pluggy_id"]: bill for bill in await read_all(client, f"accounts/{card.id}/bills/", limit=2)}

    told = await at_the_bank(stand_in, card)
    assert len(told) > 3
    assert {key: bill["total_amount"] for key, bill in shown.items()} == {
        key: money_text(Decimal(bill["totalAmount"])) for key, bill in told.items()
    }
    for key, bill in told.items():
        paid = sum((Decimal(each["amount"]) for each in bill["payments"]), Decimal(0))
        assert Decimal(shown[key]["paid_amount"]) == paid
        assert shown[key]["due_date"] == bill["dueDate"][:10]
        assert len(shown[key]["finance_charges"]) == len(bill["financeCharges"])
    assert [bill["due_date"] for bill in shown.values()] == sorted(
        (b["due_date"] for b in shown.values()), reverse=True
    )


async def test_equal_bills_are_not_written(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    before = await versions(resources, owner_id)

    await sync(resources, runner, connection)

    assert await versions(resources, owner_id) == before != set()


async def test_a_bill_that_closes_is_new_and_told_once(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R43: the bills of the first reading are no news."""
    connection = await connect(resources, runner, stand_in, owner_id)
    card = await card_of(resources, connection)
    assert await events(client) == []
    closed = await stand_in.control("POST", f"/accounts/{card.pluggy_id}/close-bill")
    assert connection.item_id is not None
    await stand_in.run_item(connection.item_id)

    await sync(resources, runner, connection)
    await sync(resources, runner, connection)

    (bill,) = [
        each for each in await read_all(client, f"accounts/{card.id}/bills/") if each["pluggy_id"] == closed["billId"]
    ]
    assert bill["status"] == "closed"
    (told, *others) = await events(client)
    assert (told["type"], told["data"]["bill_id"], others) == ("bill.closed", bill["id"], [])


async def test_answers_are_what_openapi_says(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    card = await card_of(resources, await connect(resources, runner, stand_in, owner_id))
    document = (await client.get(ROOT + "openapi.json")).json()

    answer = await client.get(f"{ROOT}accounts/{card.id}/bills/")

    operation = document["paths"][ROOT + "accounts/{account_id}/bills/"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())


async def test_a_missing_bill_is_kept_and_says_so_only_with_proof(resources: Resources, owner_id: UUID) -> None:
    """R25, R26: a part of the list, or an empty one, proves nothing."""
    card = await add_card(resources, owner_id)
    sources = [source(), source(due_date=TODAY.replace(year=2020))]
    await mirror(resources, card, sources)

    in_part = await mirror(resources, card, sources[:1], is_whole=False)
    empty = await mirror(resources, card, [])
    whole = await mirror(resources, card, sources[:1])
    back = await mirror(resources, card, sources)

    listed = [[bill.unlisted_at is None for bill in bills] for bills in (in_part, empty, whole, back)]
    assert listed == [[True, True], [True, True], [True, False], [True, True]]


async def test_a_bill_under_another_id_of_pluggys_stays_the_same(resources: Resources, owner_id: UUID) -> None:
    """R33: after a reconnection a bill is known by its due day."""
    card = await add_card(resources, owner_id)
    (before,) = await mirror(resources, card, [source()])
    renamed = source()

    (after,) = await mirror(resources, card, [renamed])

    assert (after.id, after.pluggy_id) == (before.id, renamed.pluggy_id)
    assert after.change_number > before.change_number


async def test_bills_of_others_are_not_found(
    resources: Resources, owner_id: UUID, other_owner_id: UUID, client: httpx.AsyncClient
) -> None:
    """R53"""
    card = await add_card(resources, owner_id)
    await mirror(resources, card, [source()])

    async with reader(resources, other_owner_id) as stranger:
        foreign = await stranger.get(f"{ROOT}accounts/{card.id}/bills/")
    absent = await client.get(f"{ROOT}accounts/{uuid4()}/bills/")

    assert [answer.status_code for answer in (foreign, absent)] == [404, 404]
    assert foreign.json()["code"] == absent.json()["code"] == "account_not_found"


async def test_one_list_that_fails_never_stops_the_others(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R28: refused bills leave investments, loans and balances whole, and the run says what is missing."""
    await stand_in.control("POST", "/faults", {"kind": "status", "status": 400, "path": "/bills"})

    connection = await connect(resources, runner, stand_in, owner_id)

    (run,) = (await client.get(f"{ROOT}connections/{connection.id}/syncs/")).json()["results"]
    assert (run["status"], {warning["code"] for warning in run["warnings"]}) == ("partial", {"bills_failed"})
    assert await read_all(client, "investments/") != []
    assert await read_all(client, "loans/") != []


async def test_a_deleted_connection_leaves_no_bill_balance_or_holding(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R35, R68"""
    connection = await connect(resources, runner, stand_in, owner_id)
    tables = ("bills", "account_balances", "investments", "loans")

    async def counts() -> list[int]:
        async with transaction(resources.sessions, owner_id) as session:
            return [(await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() for table in tables]

    assert 0 not in await counts()

    async with transaction(resources.sessions, owner_id) as session:
        await start_deletion(session, owner_id, connection.id)

    assert await counts() == [0, 0, 0, 0]
