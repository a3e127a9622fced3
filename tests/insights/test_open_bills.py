"""What the open bill of a card already comes to, over HTTP and real PostgreSQL."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import local_day, utc_now
from app.database import Sessions, transaction
from tests.factories import make_transaction
from tests.insights.support import read, rows_behind
from tests.insights.test_commitments import make_plan
from tests.insights.test_forecast import make_accounts, make_bill
from tests.transactions.support import add_account

TODAY = local_day(utc_now())
CLOSED = TODAY - timedelta(days=5)


async def spend(session: AsyncSession, owner_id: UUID, card: UUID, amount: str, day: date, **given: Any) -> UUID:
    return (await make_transaction(session, owner_id, card, amount=amount, date=day, **given)).id


async def test_an_open_bill_holds_purchases_and_the_instalments_that_fall_into_it(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    months = [CLOSED + timedelta(days=days) for days in (-20, 10, 41)]
    async with transaction(sessions, owner_id) as session:
        _, card = await make_accounts(session, owner_id)
        await make_bill(session, owner_id, card.id, TODAY + timedelta(days=2), closing_date=CLOSED)
        on_it = [
            await spend(session, owner_id, card.id, "-70.00", CLOSED),
            await spend(session, owner_id, card.id, "-8.00", TODAY + timedelta(days=2), status="PENDING"),
            await spend(session, owner_id, card.id, "5.00", TODAY),
        ]
        await spend(session, owner_id, card.id, "-1000.00", CLOSED - timedelta(days=1))
        await spend(session, owner_id, card.id, "-9.00", TODAY, bill_pluggy_id=uuid4())
        await spend(session, owner_id, card.id, "800.00", TODAY, internal_kind="card_payment")
        first = await spend(session, owner_id, card.id, "-100.00", months[0])
        await make_plan(
            session, owner_id, card.id,
            [(months[0], "100.00", first), (months[1], "100.00", None), (months[2], "100.00", None)],
        )  # fmt: skip
        same_day = [await spend(session, owner_id, card.id, "-30.00", TODAY) for _ in range(3)]
        await make_plan(
            session, owner_id, card.id,
            [(TODAY + timedelta(days=31 * at), "30.00", row_id) for at, row_id in enumerate(same_day)],
        )  # fmt: skip

    (told,) = (await read(client, "open_bills/"))["cards"]
    forecast = await read(client, "forecast/")

    rows = await rows_behind(client, told["listed"]["transactions_url"])
    assert {UUID(row["id"]) for row in rows} == {*on_it, same_day[0]}
    assert (told["listed"]["amount"], told["listed"]["count"]) == ("-103.00", 4)
    assert (told["unlisted_installments"], told["committed_amount"]) == ("-100.00", "-203.00")
    assert (told["opened_on"], told["name"], told["bill_id"]) == (CLOSED.isoformat(), "Platinum", None)
    expected = {each["kind"]: each for each in forecast["currencies"][0]["expected"]}
    assert expected["bill"]["amount"] == "-300.00"
    assert (expected["open_bill"]["amount"], expected["open_bill"]["is_estimate"]) == ("-203.00", True)


async def test_an_open_bill_with_nothing_on_it_leads_to_no_row(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    async with transaction(sessions, owner_id) as session:
        _, card = await make_accounts(session, owner_id)
        await make_bill(session, owner_id, card.id, TODAY + timedelta(days=2), closing_date=CLOSED)
        await spend(session, owner_id, card.id, "-1000.00", CLOSED - timedelta(days=1))

    (told,) = (await read(client, "open_bills/"))["cards"]

    assert (told["listed"]["amount"], told["listed"]["count"]) == ("0.00", 0)
    assert await rows_behind(client, told["listed"]["transactions_url"]) == []


async def test_an_open_bill_that_the_bank_lists_is_expected_once(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    due = TODAY + timedelta(days=20)
    async with transaction(sessions, owner_id) as session:
        _, card = await make_accounts(session, owner_id)
        bill = await make_bill(session, owner_id, card.id, due, total_amount=Decimal(250), paid_amount=Decimal(50))
        await spend(session, owner_id, card.id, "-70.00", TODAY, bill_pluggy_id=bill.pluggy_id)

    (told,) = (await read(client, "open_bills/"))["cards"]
    forecast = await read(client, "forecast/")

    assert (told["bill_id"], told["due_on"]) == (str(bill.id), due.isoformat())
    assert told["committed_amount"] == "-70.00"
    (expected,) = forecast["currencies"][0]["expected"]
    assert (expected["kind"], expected["amount"], expected["bill_id"]) == ("open_bill", "-200.00", str(bill.id))


async def test_a_card_without_a_bill_has_the_days_of_its_account_or_none(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    closes, due = TODAY + timedelta(days=3), TODAY + timedelta(days=10)
    details = {"balance_close_date": closes.isoformat(), "balance_due_date": due.isoformat()}
    async with transaction(sessions, owner_id) as session:
        known = await add_account(session, owner_id, type="CREDIT", details=details)
        unknown = await add_account(session, owner_id, type="CREDIT")
        for card in (known, unknown):
            await spend(session, owner_id, card, "-12.00", TODAY)

    cards = {UUID(each["account_id"]): each for each in (await read(client, "open_bills/"))["cards"]}

    assert (cards[known]["closes_on"], cards[known]["due_on"]) == (closes.isoformat(), due.isoformat())
    assert cards[known]["committed_amount"] == "-12.00"
    told = {name: cards[unknown][name] for name in ("opened_on", "closes_on", "due_on", "committed_amount", "listed")}
    assert set(told.values()) == {None}
    (one,) = (await read(client, "open_bills/", account_id=str(known)))["cards"]
    assert one["account_id"] == str(known)


async def test_the_cards_of_others_are_not_told(
    client: httpx.AsyncClient, sessions: Sessions, other_owner_id: UUID
) -> None:
    """R53"""
    async with transaction(sessions, other_owner_id) as session:
        await make_accounts(session, other_owner_id)

    assert (await read(client, "open_bills/"))["cards"] == []
