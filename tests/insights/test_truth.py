"""Insights of the stand-in's household and company, against what its truth says: to the centavo.

The truth is worked out by `truth.py`, which shares nothing with the service or the stand-in.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import median
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.clock import local_day, utc_now
from app.resources import Resources
from tests.insights.support import assert_adds_up, connect, read, rows_behind
from tests.insights.truth import BankRow, bank_rows, counted, total
from tests.readers import ROOT
from tests.stand_in import StandIn
from worker.job import Runner

HOUSEHOLD, COMPANY = (2, 0), (4,)
MONTHS = 24


def sums(rows: list[BankRow]) -> dict[tuple[str, str], tuple[Decimal, int]]:
    """Amount and count by currency and month."""
    found: dict[tuple[str, str], list[BankRow]] = defaultdict(list)
    for row in rows:
        found[row.currency, row.month].append(row)
    return {key: (total(held), len(held)) for key, held in found.items()}


def told_by_month(flow: dict[str, Any], name: str) -> dict[tuple[str, str], tuple[Decimal, int]]:
    return {
        (flow["currency_code"], month["month"]): (Decimal(month[name]["amount"]), month[name]["count"])
        for month in flow["months"]
        if month[name]["count"]
    }


@pytest.mark.parametrize("banks", [HOUSEHOLD, COMPANY], ids=["household", "company"])
async def test_every_number_equals_the_truth_to_the_centavo(
    banks: tuple[int, ...],
    stand_in: StandIn,
    resources: Resources,
    runner: Runner,
    client: httpx.AsyncClient,
    owner_id: UUID,
) -> None:
    for connector_id in banks:
        await connect(resources, runner, stand_in, owner_id, connector_id=connector_id)
    truth = await stand_in.control("GET", "/truth")
    today = local_day(utc_now())
    rows = counted(truth, today)
    first = min(row.day for row in bank_rows(truth))

    flow = await read(client, "cash_flow/", month_from=f"{first:%Y-%m}")

    assert len(rows["income"]) > 20
    assert len(rows["spending"]) > 200
    by_code = {each["currency_code"]: each for each in flow["currencies"]}
    for name in ("income", "spending"):
        wanted = sums(rows[name])
        told = {key: value for each in by_code.values() for key, value in told_by_month(each, name).items()}
        assert told == wanted
    for code, each in by_code.items():
        for part in (each, *each["months"]):
            assert Decimal(part["net"]) == Decimal(part["income"]["amount"]) + Decimal(part["spending"]["amount"])
        left_out = {part["counts_as"]: part for part in each["left_out"]}
        for kind in ("own_account_transfer", "card_payment", "investment"):
            of_kind = [row for row in rows[kind] if row.currency == code]
            told_in, told_out = left_out[kind]["money_in"], left_out[kind]["money_out"]
            assert Decimal(told_in["amount"]) == total(row for row in of_kind if row.amount > 0)
            assert Decimal(told_out["amount"]) == total(row for row in of_kind if row.amount < 0)
            assert told_in["count"] + told_out["count"] == len(of_kind)
    assert await assert_adds_up(client, flow) > 2 * MONTHS
    await check_spending(client, rows["spending"], first, today)
    await check_charges(client, truth, today)


async def check_spending(client: httpx.AsyncClient, rows: list[BankRow], first: date, today: date) -> None:
    """The last whole month by category, against the median of the six before."""
    month = months_back(today, 1)
    answer = await read(client, "spending/", month=month)

    (told,) = answer["currencies"]
    of_month = [row for row in rows if row.month == month]
    preceding = [months_back(today, back) for back in range(2, 8)]
    assert f"{first:%Y-%m}" < min(preceding)
    assert Decimal(told["total"]["amount"]) == total(of_month)
    assert Decimal(told["total"]["usual"]["amount"]) == usual(rows, preceding)
    by_category = {each["category_id"]: each for each in told["categories"]}
    for category in {row.category for row in of_month if row.category}:
        below = [row for row in of_month if row.category and row.category.startswith(branch(category))]
        behind = await rows_behind(client, by_category[category]["transactions_url"])
        by_bank = [Decimal(row["amount"]) for row in behind if row["category_source"] == "pluggy"]
        assert (sum(by_bank, Decimal(0)), len(by_bank)) == (total(below), len(below))
    assert len(by_category) > 5
    assert await assert_adds_up(client, answer) > 10


async def check_charges(client: httpx.AsyncClient, truth: dict[str, Any], today: date) -> None:
    """What banks charged in the present month and the two before it."""
    charged = {each["transactionId"] for each in truth["facts"]["fees"]}
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for row in bank_rows(truth):
        if row.id in charged and row.day <= today and row.month >= months_back(today, 2):
            wanted[row.month] += row.amount

    found = (await read(client, "", kind="bank_charges", limit=500))["results"]

    assert {each["data"]["month"]: Decimal(each["data"]["amount"]) for each in found} == wanted


def branch(category: str) -> str:
    """What the ids below a category begin with: levels are pairs of digits."""
    while len(category) > 2 and category.endswith("00"):
        category = category[:-2]
    return category


def months_back(today: date, back: int) -> str:
    count = today.year * 12 + today.month - 1 - back
    return f"{count // 12}-{count % 12 + 1:02}"


def usual(rows: list[BankRow], months: list[str]) -> Decimal:
    found = median([total(row for row in rows if row.month == month) for month in months])
    return found.quantize(Decimal("0.0001"), ROUND_HALF_EVEN)


@pytest.mark.parametrize("banks", [HOUSEHOLD, COMPANY], ids=["household", "company"])
async def test_balances_of_each_day_equal_the_truth_of_the_last_visit_up_to_it(
    banks: tuple[int, ...],
    stand_in: StandIn,
    resources: Resources,
    runner: Runner,
    client: httpx.AsyncClient,
    owner_id: UUID,
) -> None:
    """The first bank is visited from four days ago on, the others from two days ago; yesterday nobody is."""
    await stand_in.control("PATCH", "/settings", {"history_months": 2})
    now = utc_now()
    wanted: dict[date, dict[str, tuple[str, Decimal]]] = {}
    for back, new in ((4, banks[:1]), (2, banks[1:]), (0, ())):
        await stand_in.control("POST", "/clock", {"now": (now - timedelta(days=back)).isoformat()})
        for item in (await stand_in.control("GET", "/truth"))["items"]:
            await stand_in.run_item(UUID(item["id"]))
        for connector_id in new:
            await connect(resources, runner, stand_in, owner_id, connector_id=connector_id)
        for connection in (await client.get(f"{ROOT}connections/")).json()["results"]:
            assert (
                await client.post(f"{ROOT}connections/{connection['id']}/sync/", json={"refresh": False})
            ).status_code == 202
        await runner.settle()
        wanted[local_day(now) - timedelta(days=back)] = balances_of(await stand_in.control("GET", "/truth"))

    answer = await read(client, "balance/")

    (told,) = answer["currencies"]
    first = local_day(now) - timedelta(days=4)
    held: dict[str, tuple[str, Decimal]] = {}
    assert [each["day"] for each in told["days"]] == [f"{first + timedelta(days=number)}" for number in range(5)]
    for each in told["days"]:
        held = wanted.get(date.fromisoformat(each["day"]), held)
        bank, cards = (sum(balance for kind, balance in held.values() if kind == of) for of in ("BANK", "CREDIT"))
        assert (Decimal(each["bank"]), Decimal(each["cards"]), each["accounts"]) == (bank, cards, len(held))
        assert Decimal(each["net"]) == bank + cards


def balances_of(truth: dict[str, Any]) -> dict[str, tuple[str, Decimal]]:
    """Type and balance of each account; what is owed on cards is below zero here."""
    return {
        account["id"]: (account["type"], Decimal(account["balance"]) * (-1 if account["type"] == "CREDIT" else 1))
        for item in truth["items"]
        for account in item["accounts"]
    }
