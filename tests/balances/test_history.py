"""Balances by day, against the stand-in and over HTTP."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text

from app.accounts.models import Account
from app.balances import service
from app.balances.models import AccountBalance
from app.connections.models import BankConnection
from app.database import transaction
from app.ids import new_id
from app.money import money_text
from app.resources import Resources
from app.transactions.models import Finding
from tests.factories import make_account, make_connection, make_transaction
from tests.readers import ROOT, read_all, reader
from tests.stand_in import StandIn
from tests.sync.support import connect, sync
from worker.job import Runner

FIRST = date(2026, 3, 2)


def at(number: int) -> datetime:
    """Noon in Brazil on a day of the tests."""
    return datetime(2026, 3, 2, 15, tzinfo=UTC) + timedelta(days=number)


async def add_account(resources: Resources, owner_id: UUID, **given: Any) -> Account:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        return await make_account(session, owner_id, connection.id, **given)


async def visit(resources: Resources, account: Account, number: int, balance: str, *, is_complete: bool = True) -> None:
    """Take the snapshot of a visit on a day of the tests."""
    async with transaction(resources.sessions, account.owner_id) as session:
        held = await session.get_one(Account, (account.owner_id, account.id))
        held.balance = Decimal(balance)
        await service.take_snapshot(session, held, as_of=at(number), is_complete=is_complete, run_id=new_id())


async def book(resources: Resources, account: Account, number: int, amount: str, **given: Any) -> None:
    async with transaction(resources.sessions, account.owner_id) as session:
        day = FIRST + timedelta(days=number)
        await make_transaction(session, account.owner_id, account.id, date=day, amount=Decimal(amount), **given)


async def findings(resources: Resources, owner_id: UUID) -> list[dict[str, Any]]:
    async with transaction(resources.sessions, owner_id) as session:
        found = select(Finding.details).where(Finding.kind == "balance_mismatch").order_by(Finding.id)
        return list(await session.scalars(found))


async def accounts_of(resources: Resources, connection: BankConnection) -> list[Account]:
    async with transaction(resources.sessions, connection.owner_id) as session:
        return list(await session.scalars(select(Account).where(Account.connection_id == connection.id)))


async def test_each_day_of_a_visit_has_the_balance_of_that_day(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R78: what the bank showed day by day; movements explain it, so nothing is found."""
    connection = await connect(resources, runner, stand_in, owner_id)
    shown: dict[str, list[str]] = {str(each.id): [] for each in await accounts_of(resources, connection)}
    for day in range(5):
        if day:
            assert connection.item_id is not None
            await stand_in.run_item(connection.item_id, days=1)
            await sync(resources, runner, connection)
        for account in await accounts_of(resources, connection):
            assert account.balance is not None
            shown[str(account.id)].insert(0, money_text(account.balance))

    for account_id, balances in shown.items():
        rows = await read_all(client, f"accounts/{account_id}/balances/", limit=2)
        assert [row["balance"] for row in rows] == balances
        days = [date.fromisoformat(row["date"]) for row in rows]
        assert days == [days[0] - timedelta(days=back) for back in range(5)]
    assert await findings(resources, owner_id) == []


async def test_reading_the_same_visit_again_writes_nothing(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)

    async def versions() -> set[str]:
        async with transaction(resources.sessions, owner_id) as session:
            return set(await session.scalars(text("SELECT xmin::text || ctid::text FROM account_balances")))

    before = await versions()
    await sync(resources, runner, connection)

    assert await versions() == before != set()


async def test_the_last_visit_of_a_day_counts_and_an_older_one_never_does(
    client: httpx.AsyncClient, resources: Resources, owner_id: UUID
) -> None:
    """R22"""
    account = await add_account(resources, owner_id)
    for hours, balance in ((0, "10"), (2, "20"), (1, "30")):
        async with transaction(resources.sessions, owner_id) as session:
            held = await session.get_one(Account, (owner_id, account.id))
            held.balance = Decimal(balance)
            as_of = at(0) + timedelta(hours=hours)
            await service.take_snapshot(session, held, as_of=as_of, is_complete=True, run_id=new_id())

    (row,) = await read_all(client, f"accounts/{account.id}/balances/")

    assert (row["date"], row["balance"]) == ("2026-03-02", "20.00")


async def test_days_are_the_banks(client: httpx.AsyncClient, resources: Resources, owner_id: UUID) -> None:
    account = await add_account(resources, owner_id)
    async with transaction(resources.sessions, owner_id) as session:
        held = await session.get_one(Account, (owner_id, account.id))
        late = datetime(2026, 3, 3, 2, 59, tzinfo=UTC)  # 23:59 of the day before in Brazil
        await service.take_snapshot(session, held, as_of=late, is_complete=False, run_id=new_id())

    (row,) = await read_all(client, f"accounts/{account.id}/balances/")

    assert row["date"] == "2026-03-02"


async def test_balances_are_found_by_day(client: httpx.AsyncClient, resources: Resources, owner_id: UUID) -> None:
    account = await add_account(resources, owner_id)
    for number in range(4):
        await visit(resources, account, number, str(number))

    rows = await read_all(client, f"accounts/{account.id}/balances/", date_from="2026-03-03", date_to="2026-03-04")

    assert [row["balance"] for row in rows] == ["2.00", "1.00"]


@pytest.mark.parametrize(
    ("days", "pointer"),
    [
        ({"date_from": "2026-03-05", "date_to": "2026-03-04"}, "/query/date_to"),
        ({"date_from": "2026-02-30"}, "/query/date_from"),
    ],
)
async def test_days_that_are_no_range_are_refused(
    client: httpx.AsyncClient, resources: Resources, owner_id: UUID, days: dict[str, str], pointer: str
) -> None:
    account = await add_account(resources, owner_id)

    answer = await client.get(f"/api/banking/accounts/{account.id}/balances/", params=days)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_a_difference_that_stays_is_a_finding(resources: Resources, owner_id: UUID) -> None:
    account = await add_account(resources, owner_id)
    balance = Decimal(100)
    for number in range(8):
        if number:
            await book(resources, account, number, "-10.10")
            balance -= Decimal("10.10")
        if number == 3:
            balance -= Decimal("7.77")  # no row ever says why
        await visit(resources, account, number, str(balance))

    assert await findings(resources, owner_id) == [
        {"difference": "-7.77", "currency_code": "BRL", "since": "2026-03-05"}
    ]


BLURRED = {
    "a card": ({"type": "CREDIT"}, {}, True),
    "a bank that invests by itself": ({"details": {"automatically_invested_balance": "500.00"}}, {}, True),
    "pending rows": ({}, {"status": "PENDING"}, True),
    "rows in another currency": ({}, {"currency_code": "USD"}, True),
    "rows that are not all read": ({}, {}, False),
}


@pytest.mark.parametrize(("account", "row", "is_complete"), BLURRED.values(), ids=BLURRED)
async def test_what_cannot_be_compared_is_not(
    resources: Resources, owner_id: UUID, account: dict[str, Any], row: dict[str, Any], is_complete: bool
) -> None:
    held = await add_account(resources, owner_id, **account)

    for number in range(8):
        await book(resources, held, number, "-1", **row)
        await visit(resources, held, number, str(100 + 50 * (number > 3)), is_complete=is_complete)

    assert await findings(resources, owner_id) == []


async def test_an_account_without_a_balance_has_no_history(resources: Resources, owner_id: UUID) -> None:
    account = await add_account(resources, owner_id, balance=None)

    async with transaction(resources.sessions, owner_id) as session:
        held = await session.get_one(Account, (owner_id, account.id))
        await service.take_snapshot(session, held, as_of=at(0), is_complete=True, run_id=new_id())
        kept = list(await session.scalars(select(AccountBalance)))

    assert kept == []


async def test_balances_of_others_are_not_found(
    resources: Resources, owner_id: UUID, other_owner_id: UUID, client: httpx.AsyncClient
) -> None:
    """R53"""
    account = await add_account(resources, owner_id)
    await visit(resources, account, 0, "1")

    async with reader(resources, other_owner_id) as stranger:
        foreign = await stranger.get(f"{ROOT}accounts/{account.id}/balances/")
        live = await stranger.post(f"{ROOT}accounts/{account.id}/balance/")
    absent = await client.get(f"{ROOT}accounts/{uuid4()}/balances/")

    assert [answer.status_code for answer in (foreign, live, absent)] == [404, 404, 404]
