"""What is still to come of the stand-in's household and company, against what its truth says: to the centavo.

`ahead.py` works it out, and shares nothing with the service or the stand-in. On which days a series comes is not
worked out at all: the stand-in's clock is moved on, and its truth then tells the days on which it did come.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from app.clock import local_day, utc_now
from app.resources import Resources
from tests.insights.ahead import Move, Plan, card_moves, open_months, plans, series
from tests.insights.support import connect, read, rows_behind
from tests.insights.test_truth import COMPANY, HOUSEHOLD
from tests.readers import ROOT
from tests.stand_in import StandIn
from worker.job import Runner

FORECAST = timedelta(days=45)
FREE = "Pró-labore"
"""Paid on the day after the fifth business day, also on a Saturday: no rule of a calendar, so no day is sure."""


class World(NamedTuple):
    """The truth of today, and the bank's ids of our accounts."""

    truth: dict[str, Any]
    accounts: dict[str, str]
    today: date

    @property
    def listed(self) -> dict[str, dict[str, Any]]:
        return {account["id"]: account for item in self.truth["items"] for account in item["accounts"]}

    @property
    def checking(self) -> dict[str, dict[str, Any]]:
        return {key: each for key, each in self.listed.items() if each["subtype"] == "CHECKING_ACCOUNT"}


@pytest.mark.parametrize("banks", [HOUSEHOLD, COMPANY], ids=["household", "company"])
async def test_what_is_to_come_equals_the_truth_to_the_centavo_and_comes_true(
    banks: tuple[int, ...],
    stand_in: StandIn,
    resources: Resources,
    runner: Runner,
    client: httpx.AsyncClient,
    owner_id: UUID,
) -> None:
    for connector_id in banks:
        await connect(resources, runner, stand_in, owner_id, connector_id=connector_id)
    told = (await client.get(f"{ROOT}accounts/")).json()["results"]
    world = World(
        truth=await stand_in.control("GET", "/truth"),
        accounts={each["id"]: each["pluggy_id"] for each in told},
        today=local_day(utc_now()),
    )
    found = await told_series(client, world)
    forecast = await read(client, "forecast/")
    await check_installments(client, world)
    await check_cards(client, stand_in, world, forecast)
    check_lowest(world, forecast)
    await check_days(stand_in, world, found, forecast)


async def told_series(client: httpx.AsyncClient, world: World) -> dict[str, dict[str, Any]]:
    """What is told of each planted series, by its key, once all but its days is compared."""
    (told,) = (await read(client, "recurring/"))["currencies"]
    wanted = {frozenset(row.id for row in each.rows): (key, each) for key, each in series(world.truth).items()}
    found: dict[str, dict[str, Any]] = {}
    unplanted: list[Decimal] = []
    for item in told["series"]:
        rows = await rows_behind(client, item["transactions_url"])
        key, planted = wanted.pop(frozenset(row["pluggy_id"] for row in rows), (None, None))
        if key is None or planted is None:
            unplanted.append(Decimal(item["a_month"]))
            continue
        found[key] = item
        assert item["cadence"] == "monthly"
        assert (item["varies"], date.fromisoformat(item["last_date"])) == (planted.varies, planted.last.day)
        assert Decimal(item["last_amount"]) == planted.last.amount
        assert Decimal(item["typical_amount"]) == Decimal(item["a_month"]) == planted.typical
        changed = item["price_changed_on"] and (
            Decimal(item["price_before"]),
            date.fromisoformat(item["price_changed_on"]),
        )
        assert changed == planted.change
        assert world.accounts[item["account_id"]] == planted.last.account_id
    assert not wanted
    assert len(unplanted) <= 1, "a card's fee of three years, or purchases that look regular by chance"
    amounts = [each.typical for each in series(world.truth).values()] + unplanted
    assert Decimal(told["income_a_month"]) == sum(each for each in amounts if each > 0)
    assert Decimal(told["spending_a_month"]) == sum(each for each in amounts if each < 0)
    return found


async def check_installments(client: httpx.AsyncClient, world: World) -> None:
    """Each purchase that is not paid off, and what all of them take in each month."""
    answer = await read(client, "installments/")
    coming = [plan for plan in plans(world.truth) if plan.after(world.today)]
    wanted = {frozenset(part.row.id for part in plan.parts if part.row): plan for plan in coming}
    assert len(answer["currencies"]) == bool(wanted)
    told = answer["currencies"][0] if wanted else {"plans": [], "months": [], "remaining_amount": "0"}
    assert answer["as_of"] == world.today.isoformat()
    for item in told["plans"]:
        rows = await rows_behind(client, item["transactions_url"])
        plan = wanted.pop(frozenset(row["pluggy_id"] for row in rows))
        assert world.accounts[item["account_id"]] == plan.account_id
        check_plan(item, plan, world.today)
    assert not wanted
    months: dict[str, list[Decimal]] = defaultdict(list)
    for plan in coming:
        for part in plan.after(world.today):
            months[f"{part.day:%Y-%m}"].append(part.amount)
    assert {each["month"]: (Decimal(each["amount"]), each["count"]) for each in told["months"]} == {
        month: (sum(amounts), len(amounts)) for month, amounts in months.items()
    }
    assert Decimal(told["remaining_amount"]) == sum(sum(amounts) for amounts in months.values())


def check_plan(item: dict[str, Any], plan: Plan, today: date) -> None:
    remaining = plan.after(today)
    assert item["purchased_on"] == plan.bought.isoformat()
    assert item["last_date"] == plan.parts[-1].day.isoformat()
    assert (item["total_installments"], item["remaining_installments"]) == (len(plan.parts), len(remaining))
    assert Decimal(item["total_amount"]) == plan.total
    assert Decimal(item["remaining_amount"]) == sum(part.amount for part in remaining)


async def check_cards(client: httpx.AsyncClient, stand_in: StandIn, world: World, forecast: dict[str, Any]) -> None:
    """The open bill of each card, and what the forecast expects of each."""
    (told,) = forecast["currencies"]
    until = date.fromisoformat(forecast["until"])
    assert until == world.today + FORECAST
    cards = {world.accounts[each["account_id"]]: each for each in (await read(client, "open_bills/"))["cards"]}
    assert cards.keys() == {key for key, each in world.listed.items() if each["type"] == "CREDIT"}
    for account_id, card in cards.items():
        bills = (await stand_in.api("GET", "/bills", accountId=account_id))["results"]
        account = world.listed[account_id]
        months = open_months(world.truth, account, bills, world.today)
        opened, closes, due, listed, unlisted = months[-1]
        assert (card["opened_on"], card["closes_on"]) == (opened.isoformat(), closes.isoformat())
        assert (card["due_on"], card["bill_id"]) == (due.isoformat(), None)
        rows = await rows_behind(client, card["listed"]["transactions_url"])
        assert {row["pluggy_id"] for row in rows} == {row.id for row in listed}
        assert card["listed"]["count"] == len(listed)
        assert Decimal(card["listed"]["amount"]) == sum(row.amount for row in listed)
        assert Decimal(card["unlisted_installments"]) == unlisted
        assert Decimal(card["committed_amount"]) == months[-1].amount
        expected = [
            Move(date.fromisoformat(each["day"]), Decimal(each["amount"]), each["kind"])
            for each in told["expected"]
            if world.accounts[each["account_id"]] == account_id
        ]
        assert sorted(expected) == sorted(card_moves(account, months, world.today, until))


def check_lowest(world: World, forecast: dict[str, Any]) -> None:
    """What is told of the weeks ahead follows from the balances of the truth and what is expected."""
    (told,) = forecast["currencies"]
    balance = sum(Decimal(account["balance"]) for account in world.checking.values())
    incomes = [
        each for each in series(world.truth).values() if each.typical > 0 and each.last.account_id in world.checking
    ]
    income = None
    if incomes:
        most = max(each.typical for each in incomes)
        income = min(each["day"] for each in told["expected"] if Decimal(each["amount"]) == most)
    before = [each for each in told["expected"] if income is None or each["day"] < income]
    held = [(world.today.isoformat(), balance)]
    held += [
        (day, balance + sum(Decimal(each["amount"]) for each in before if each["day"] <= day))
        for day in sorted({each["day"] for each in before})
    ]
    lowest = min(amount for _, amount in held)
    assert (Decimal(told["balance"]), told["next_income_on"]) == (balance, income)
    assert Decimal(told["lowest_balance"]) == lowest
    assert told["lowest_on"] == next(day for day, amount in held if amount == lowest)
    assert told["is_at_risk"] == (lowest < 0)
    assert Decimal(told["committed"]) == sum(
        Decimal(each["amount"]) for each in before if each["amount"].startswith("-")
    )


async def check_days(
    stand_in: StandIn, world: World, found: dict[str, dict[str, Any]], forecast: dict[str, Any]
) -> None:
    """Each series comes on the day that is told, and the forecast expects what then comes to checking accounts."""
    (told,) = forecast["currencies"]
    until = date.fromisoformat(forecast["until"])
    await stand_in.control("POST", "/clock", {"seconds": (FORECAST.days + 1) * 86_400})
    for bank in world.truth["items"]:
        await stand_in.run_item(UUID(bank["id"]))
    to_come = series(await stand_in.control("GET", "/truth"))
    foreseen: dict[str, list[Any]] = defaultdict(list)
    for each in told["expected"]:
        foreseen[each["series_id"]].append((date.fromisoformat(each["day"]), Decimal(each["amount"])))
    for key, planted in series(world.truth).items():
        item = found[key]
        came = [row.day for row in to_come[key].rows[len(planted.rows) :]]
        expected = [(day, planted.typical) for day in came]
        if planted.last.day > world.today:
            expected.insert(0, (planted.last.day, planted.last.amount))
        if planted.last.account_id not in world.checking:
            expected = []
        if planted.last.text.startswith(FREE):
            assert abs(date.fromisoformat(item["next_date"]) - came[0]) <= timedelta(days=4)
            continue
        assert item["next_date"] == came[0].isoformat()
        assert foreseen[item["series_id"]] == [each for each in expected if each[0] <= until]
