"""Whether the money lasts until the next salary, over HTTP and real PostgreSQL."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Account
from app.bills.models import Bill
from app.clock import local_day, utc_now
from app.database import Sessions, transaction
from app.ids import new_id
from app.insights import service
from app.insights.forecast import DAYS_AHEAD, Expected, _forecast
from tests.factories import make_account, make_connection, make_transaction
from tests.insights.support import read
from tests.insights.test_commitments import make_series

TODAY = local_day(utc_now())
MONDAY = date(2026, 3, 2)


def expected(day: int, amount: str) -> Expected:
    return Expected.model_construct(day=MONDAY + timedelta(days=day), amount=Decimal(amount))


@pytest.mark.parametrize(
    ("steps", "lowest", "lowest_day", "committed"),
    [
        ((), "100", 0, "0"),
        (((3, "-40"), (3, "30")), "90", 3, "-40"),  # a day counts as a whole
        (((1, "-150"), (2, "60"), (9, "-500")), "-50", 1, "-150"),
        (((1, "50"), (4, "-20")), "100", 0, "-20"),
        (((7, "-500"),), "100", 0, "0"),  # the salary comes that day
    ],
)
def test_the_lowest_point_before_the_next_income_is_found(
    steps: Sequence[tuple[int, str]], lowest: str, lowest_day: int, committed: str
) -> None:
    told = _forecast(
        "BRL",
        Decimal(100),
        [expected(*step) for step in steps],
        MONDAY + timedelta(days=7),
        MONDAY,
        MONDAY + timedelta(days=DAYS_AHEAD),
    )

    assert (told.lowest_balance, told.lowest_on) == (Decimal(lowest), MONDAY + timedelta(days=lowest_day))
    assert (told.committed, told.is_at_risk) == (Decimal(committed), Decimal(lowest) < 0)


async def make_bill(session: AsyncSession, owner_id: UUID, account_id: UUID, due: date, **given: Any) -> Bill:
    defaults = {"total_amount": Decimal(300), "paid_amount": Decimal(0), "closing_date": due - timedelta(days=7)}
    bill = Bill(
        owner_id=owner_id, id=new_id(), account_id=account_id, pluggy_id=uuid4(), due_date=due, currency_code="BRL",
        change_number=1, **{**defaults, **given},
    )  # fmt: skip
    session.add(bill)
    await session.flush()
    return bill


async def make_accounts(session: AsyncSession, owner_id: UUID) -> tuple[Account, Account]:
    """A checking account with 1,000.00 and a card; savings and dollars besides."""
    connection = await make_connection(session, owner_id, item_updated_at=utc_now())
    balances: list[dict[str, Any]] = [
        {"balance": Decimal(1000)},
        {"type": "CREDIT", "balance": Decimal(-800), "name": "Platinum"},
        {"subtype": "SAVINGS_ACCOUNT", "balance": Decimal(9000)},
        {"currency_code": "USD", "balance": Decimal(5)},
    ]
    made = [await make_account(session, owner_id, connection.id, **each) for each in balances]
    return made[0], made[1]


async def test_bills_and_series_are_set_against_the_balance(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    soon = {"last_date": TODAY - timedelta(days=25), "next_date": TODAY + timedelta(days=5)}
    salary = {"typical_amount": Decimal(4000), "last_amount": Decimal(4000), "name": "Salário"}
    async with transaction(sessions, owner_id) as session:
        bank, card = await make_accounts(session, owner_id)
        await make_series(session, owner_id, bank.id, typical_amount=Decimal(-900), name="Aluguel", **soon)
        await make_series(session, owner_id, card.id, typical_amount=Decimal(-50), name="Na fatura", **soon)
        await make_series(session, owner_id, bank.id, **salary)
        await make_bill(session, owner_id, card.id, TODAY + timedelta(days=2), paid_amount=Decimal(100))
        await make_bill(session, owner_id, card.id, TODAY - timedelta(days=28), paid_amount=Decimal(300))
        await make_transaction(session, owner_id, card.id, amount="-70.00", date=TODAY)
        await make_transaction(session, owner_id, card.id, amount="-9.00", date=TODAY, bill_pluggy_id=uuid4())
        await service.refresh(session, owner_id, now=utc_now())

    answer = await read(client, "forecast/")

    real, dollar = answer["currencies"]
    told = {(each["kind"], each["name"]): each["amount"] for each in real["expected"]}
    assert told["bill", "Platinum"] == "-200.00"
    assert told["open_bill", "Platinum"] == "-70.00"
    assert ("recurring", "Na fatura") not in told
    assert (real["balance"], real["next_income_on"]) == ("1000.00", (TODAY + timedelta(days=20)).isoformat())
    assert (real["lowest_balance"], real["is_at_risk"], real["committed"]) == ("-100.00", True, "-1100.00")
    assert (dollar["lowest_balance"], dollar["expected"]) == ("5.00", [])
    (insight,) = (await read(client, "", kind="low_balance"))["results"]
    assert (insight["data"]["lowest_balance"], insight["transactions_url"]) == ("-100.00", None)


async def test_what_the_bank_lists_before_its_day_is_expected_on_it(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    ahead = {"last_date": TODAY + timedelta(days=5), "next_date": TODAY + timedelta(days=36)}
    async with transaction(sessions, owner_id) as session:
        bank, _ = await make_accounts(session, owner_id)
        await make_series(session, owner_id, bank.id, last_amount=Decimal(-110), **ahead)

    told = (await read(client, "forecast/"))["currencies"][0]

    assert [(each["day"], each["amount"]) for each in told["expected"]] == [
        (ahead["last_date"].isoformat(), "-110.00"), (ahead["next_date"].isoformat(), "-120.00"),
    ]  # fmt: skip
    assert told["lowest_balance"] == "770.00"


async def test_without_an_account_nothing_is_foreseen(client: httpx.AsyncClient) -> None:
    assert (await read(client, "forecast/"))["currencies"] == []
