"""Spending against the usual, over HTTP and real PostgreSQL."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.categories.models import Category
from app.clock import local_day, utc_now
from app.counterparties.models import Counterparty
from app.database import Sessions, transaction
from app.ids import new_id
from app.insights.periods import shifted
from tests.insights.support import assert_adds_up, read
from tests.transactions.support import add_rows

MONTH = date(2026, 3, 1)


def spent(months_ago: int, amount: str, category: str | None, **given: Any) -> dict[str, Any]:
    return {"date": shifted(MONTH, -months_ago), "amount": amount, "pluggy_category_id": category, **given}


def by_category(answer: Any) -> dict[str | None, tuple[str, str | None]]:
    (currency,) = answer["currencies"]
    return {
        each["category_id"]: (each["amount"], each["usual"] and each["usual"]["amount"])
        for each in currency["categories"]
    }


async def test_a_month_is_set_against_the_median_of_the_six_before(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """A month without spending of a kind counts as zero."""
    usual = ("-10.00", "-30.00", "-20.00", "-999.00", "-40.00")
    await add_rows(
        sessions, owner_id, spent(7, "-5000.00", "11010000"), spent(0, "-50.00", "11010000"),
        *(spent(number + 1, amount, "11010000") for number, amount in enumerate(usual)),
    )  # fmt: skip

    answer = await read(client, "spending/", month="2026-03")

    (currency,) = answer["currencies"]
    assert currency["total"]["usual"] == {"amount": "-25.00", "method": "median", "months": 6}
    assert currency["total"]["difference"] == "-25.00"
    assert (answer["is_complete"], answer["date_to"]) == (True, "2026-03-31")
    assert await assert_adds_up(client, answer) == 3


async def test_nothing_is_usual_before_three_whole_months_are_known(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_rows(sessions, owner_id, spent(0, "-50.00", None), spent(2, "-10.00", None))

    answer = await read(client, "spending/", month="2026-03")

    assert by_category(answer) == {None: ("-50.00", None)}
    assert await assert_adds_up(client, answer) == 2


async def test_a_category_holds_what_is_below_it_the_owners_own_too(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    own = new_id()
    async with transaction(sessions, owner_id) as session:
        session.add(Category(owner_id=owner_id, id=own, parent_id="11010000", name="Café", change_number=1))
    await add_rows(
        sessions, owner_id,
        spent(0, "-1.00", "11000000"), spent(0, "-2.00", "11010000"), spent(0, "-4.00", "11020000"),
        spent(0, "-8.00", None, user_category_id=str(own)), spent(0, "-16.00", "17020001"), spent(0, "-32.00", None),
    )  # fmt: skip

    answer = await read(client, "spending/", month="2026-03")

    assert {key: amount for key, (amount, _) in by_category(answer).items()} == {
        "11000000": "-15.00", "11010000": "-10.00", "11020000": "-4.00", str(own): "-8.00",
        "17000000": "-16.00", "17020000": "-16.00", "17020001": "-16.00", None: "-32.00",
    }  # fmt: skip
    names = {each["category_id"]: each["name"] for each in answer["currencies"][0]["categories"]}
    assert (names[str(own)], names["11000000"], names[None]) == ("Café", "Food and drinks", None)
    assert await assert_adds_up(client, answer) == 9


async def test_spending_is_told_by_counterparty_too(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    baker, grocer = new_id(), new_id()
    async with transaction(sessions, owner_id) as session:
        for id_, name in ((baker, "Padaria"), (grocer, "Mercado")):
            session.add(Counterparty(owner_id=owner_id, id=id_, name=name, normalized_name=name, change_number=1))
    await add_rows(
        sessions, owner_id, spent(0, "-3.00", None, counterparty_id=baker), spent(0, "-4.00", None),
        spent(0, "-5.00", None, counterparty_id=grocer), spent(0, "-3.00", None, counterparty_id=baker),
        spent(1, "-7.00", None, counterparty_id=new_id()),
    )  # fmt: skip

    answer = await read(client, "spending/", month="2026-03")

    (currency,) = answer["currencies"]
    assert [(each["name"], each["amount"]) for each in currency["counterparties"]] == [
        ("Padaria", "-6.00"),
        ("Mercado", "-5.00"),
    ]
    assert await assert_adds_up(client, answer) == 4


async def test_what_is_no_spending_is_none_here_either(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_rows(
        sessions, owner_id, spent(0, "70.00", None), spent(0, "-9.00", None, internal_kind="card_payment"),
        spent(0, "-9.00", "04000000"), spent(0, "-9.00", None, user_ignored=True), spent(0, "-9.00", "03020000"),
    )  # fmt: skip

    assert (await read(client, "spending/", month="2026-03"))["currencies"] == []


async def test_the_present_month_is_set_against_the_same_days_of_others(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    today = local_day(utc_now())
    present = today.replace(day=1)
    rows = [{"date": shifted(present, -back), "amount": "-10.00"} for back in range(5)]
    late = [{"date": shifted(present, -back) - timedelta(days=1), "amount": "-77.00"} for back in range(4)]
    await add_rows(sessions, owner_id, *rows, *late, {"date": today + timedelta(days=1), "amount": "-5.00"})

    answer = await read(client, "spending/")

    (currency,) = answer["currencies"]
    is_last_day = (today + timedelta(days=1)).day == 1
    usual = "-87.00" if today.day >= 31 else "-10.00"
    assert currency["total"]["amount"] == "-10.00"
    assert is_last_day or currency["total"]["usual"]["amount"] == usual
    assert answer["date_to"] == today.isoformat()
    assert await assert_adds_up(client, answer) == 2


async def test_a_month_that_lies_ahead_has_no_spending(client: httpx.AsyncClient) -> None:
    answer = await read(client, "spending/", month="2099-12")

    assert (answer["currencies"], answer["is_complete"]) == ([], False)


@pytest.mark.parametrize("month", ["2026-00", "26-03", "2026-03-01", "", "março", "0001-01"])
async def test_a_month_that_is_none_is_refused(month: str, client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/banking/insights/spending/", params={"month": month})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
