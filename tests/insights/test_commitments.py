"""What comes again and what instalments still commit, over HTTP and real PostgreSQL."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day, utc_now
from app.database import Sessions, transaction
from app.ids import new_id
from app.insights.periods import month_of
from app.insights.queries import live_series
from app.installments.models import Installment, InstallmentPlan
from app.recurring.models import RecurringSeries
from tests.factories import make_transaction
from tests.insights.support import read, rows_behind
from tests.transactions.support import add_account

TODAY = local_day(utc_now())


async def make_series(session: AsyncSession, owner_id: UUID, account_id: UUID, **given: Any) -> RecurringSeries:
    """A monthly subscription that came ten days ago."""
    defaults = {
        "id": new_id(),
        "name": "Fibra Veloz",
        "direction": "OUT",
        "currency_code": "BRL",
        "cadence": "monthly",
        "day_rule": "day:5",
        "last_amount": Decimal("-120.00"),
        "typical_amount": Decimal("-120.00"),
        "varies": False,
        "price_changes": [],
        "transaction_ids": [],
        "first_date": TODAY - timedelta(days=130),
        "last_date": TODAY - timedelta(days=10),
        "next_date": TODAY + timedelta(days=20),
        "confidence": Decimal("0.9"),
        "change_number": 1,
    }
    series = RecurringSeries(owner_id=owner_id, account_id=account_id, **{**defaults, **given})
    session.add(series)
    await session.flush()
    return series


async def make_plan(
    session: AsyncSession, owner_id: UUID, account_id: UUID, parts: list[tuple[date, str, UUID | None]], **given: Any
) -> None:
    """A purchase in instalments: their days, amounts and rows."""
    columns = {"currency_code": "BRL", "total_amount": sum(Decimal(amount) for _, amount, _ in parts), **given}
    plan = InstallmentPlan(
        owner_id=owner_id, id=new_id(), account_id=account_id, description="LOJA", purchased_on=parts[0][0],
        total_installments=len(parts), seen_installments=1, last_date=parts[-1][0], change_number=1, **columns,
    )  # fmt: skip
    session.add(plan)
    await session.flush()
    for number, (day, amount, row_id) in enumerate(parts, start=1):
        session.add(
            Installment(
                owner_id=owner_id, plan_id=plan.id, number=number, date=day, amount=Decimal(amount),
                transaction_id=row_id,
            )
        )  # fmt: skip


async def test_what_comes_again_adds_up_to_a_month(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    async with transaction(sessions, owner_id) as session:
        account_id = await add_account(session, owner_id)
        rows = [(await make_transaction(session, owner_id, account_id, amount="-120.00")).id for _ in range(3)]
        change = {"transaction_id": str(rows[2]), "date": "2026-03-04", "before": "100.00", "after": "120.00"}
        await make_series(session, owner_id, account_id, transaction_ids=rows, price_changes=[change])
        await make_series(
            session, owner_id, account_id, cadence="yearly", typical_amount=Decimal("-100.00"), name="IPVA"
        )
        await make_series(
            session,
            owner_id,
            account_id,
            typical_amount=Decimal("9000.00"),
            last_amount=Decimal("9000.00"),
            name="Salário",
        )
        await make_series(session, owner_id, account_id, decision="rejected")
        await make_series(
            session, owner_id, account_id,
            last_date=TODAY - timedelta(days=90), next_date=TODAY - timedelta(days=60), name="Encerrada",
        )  # fmt: skip

    answer = await read(client, "recurring/")

    (told,) = answer["currencies"]
    assert (told["income_a_month"], told["spending_a_month"]) == ("9000.00", "-128.3333")
    assert [each["name"] for each in told["series"]] == ["Salário", "Fibra Veloz", "IPVA"]
    fibra = told["series"][1]
    assert (fibra["price_before"], fibra["price_changed_on"]) == ("-100.00", "2026-03-04")
    assert {UUID(row["id"]) for row in await rows_behind(client, fibra["transactions_url"])} == set(rows)
    assert (await read(client, "recurring/", account_id=str(new_id())))["currencies"] == []


async def test_what_did_not_come_for_a_whole_pace_is_over_on_the_banks_calendar(
    sessions: Sessions, owner_id: UUID
) -> None:
    """By the database's own day, which is UTC's, it would be over three hours early."""
    days = {"last_date": TODAY - timedelta(days=60), "next_date": TODAY - timedelta(days=30)}
    async with transaction(sessions, owner_id) as session:
        series = await make_series(session, owner_id, await add_account(session, owner_id), **days)
        live = [await live_series(session, owner_id, today=TODAY + timedelta(days=late)) for late in (0, 1)]

    assert [[each.id for each in found] for found in live] == [[series.id], []]


async def test_only_what_is_still_to_come_of_instalments_is_committed(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    async with transaction(sessions, owner_id) as session:
        account_id = await add_account(session, owner_id, type="CREDIT")
        row = await make_transaction(session, owner_id, account_id, amount="-100.00")
        days = [TODAY - timedelta(days=31), TODAY, TODAY + timedelta(days=31), TODAY + timedelta(days=62)]
        for parts in (days, days[:2]):
            rows = [(day, "100.10", row.id if day == days[0] else None) for day in parts]
            await make_plan(session, owner_id, account_id, rows, total_amount=Decimal(400))

    answer = await read(client, "installments/")

    (told,) = answer["currencies"]
    (plan_told,) = told["plans"]
    assert (told["remaining_amount"], plan_told["remaining_amount"]) == ("-200.20", "-200.20")
    assert (plan_told["remaining_installments"], plan_told["total_amount"]) == (2, "-400.00")
    assert [(each["month"], each["amount"]) for each in told["months"]] == [
        (f"{month_of(day):%Y-%m}", "-100.10") for day in days[2:]
    ]
    assert [row["amount"] for row in await rows_behind(client, plan_told["transactions_url"])] == ["-100.00"]


async def test_currencies_are_never_summed_up_together(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    async with transaction(sessions, owner_id) as session:
        for code, amount in (("BRL", "120.00"), ("USD", "7.50")):
            card = await add_account(session, owner_id, type="CREDIT", currency_code=code)
            money: dict[str, Any] = {
                "typical_amount": -Decimal(amount),
                "last_amount": -Decimal(amount),
                "currency_code": code,
            }
            await make_series(session, owner_id, card, **money)
            await make_plan(session, owner_id, card, [(TODAY + timedelta(days=9), amount, None)], currency_code=code)

    recurring = await read(client, "recurring/")
    installments = await read(client, "installments/")

    told = [("BRL", "-120.00"), ("USD", "-7.50")]
    assert [(each["currency_code"], each["spending_a_month"]) for each in recurring["currencies"]] == told
    assert [(each["currency_code"], each["remaining_amount"]) for each in installments["currencies"]] == told


async def test_nothing_is_told_of_others(client: httpx.AsyncClient, sessions: Sessions, other_owner_id: UUID) -> None:
    """R53."""
    async with transaction(sessions, other_owner_id) as session:
        await make_series(session, other_owner_id, await add_account(session, other_owner_id))

    assert (await read(client, "recurring/"))["currencies"] == []
    assert (await read(client, "installments/"))["currencies"] == []
