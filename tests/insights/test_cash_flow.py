"""Income and spending by month, over HTTP and real PostgreSQL."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.clock import local_day, utc_now
from app.database import Sessions, transaction
from app.insights.periods import shifted
from tests.factories import make_account, make_connection, make_transaction
from tests.insights.support import assert_adds_up, read
from tests.transactions.support import add_account, add_rows

MARCH = {"month_from": "2026-03", "month_to": "2026-03"}


def summed(month: dict[str, Any]) -> tuple[str, str, str]:
    return month["income"]["amount"], month["spending"]["amount"], month["net"]


async def test_each_month_is_one_of_the_banks_calendar(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_rows(
        sessions, owner_id,
        {"amount": "1000.00", "date": date(2026, 2, 28)}, {"amount": "-0.01", "date": date(2026, 3, 1)},
        {"amount": "-99.99", "date": date(2026, 3, 31)}, {"amount": "5.5", "date": date(2026, 3, 31)},
        {"amount": "-7.00", "date": date(2026, 4, 1)},
    )  # fmt: skip

    answer = await read(client, "cash_flow/", month_from="2026-02", month_to="2026-04")

    (flow,) = answer["currencies"]
    assert {month["month"]: summed(month) for month in flow["months"]} == {
        "2026-02": ("1000.00", "0.00", "1000.00"),
        "2026-03": ("5.50", "-100.00", "-94.50"),
        "2026-04": ("0.00", "-7.00", "-7.00"),
    }
    assert (flow["net"], flow["left_out"]) == ("898.50", [])
    assert all(month["is_complete"] for month in flow["months"])
    assert await assert_adds_up(client, answer) == 8


async def test_what_is_neither_income_nor_spending_is_left_out_and_said_so(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_rows(
        sessions, owner_id,
        {"amount": "-10.00"}, {"amount": "20.00"},
        {"amount": "-300.00", "internal_kind": "own_account_transfer"},
        {"amount": "300.00", "internal_kind": "own_account_transfer"},
        {"amount": "-40.00", "pluggy_category_id": "04030000"},
        {"amount": "-500.00", "internal_kind": "card_payment"},
        {"amount": "-60.00", "pluggy_category_id": "03020000"},
        {"amount": "0.70", "pluggy_category_id": "03060000"},
        {"amount": "-8.00", "user_ignored": True, "internal_kind": "card_payment"},
    )  # fmt: skip

    answer = await read(client, "cash_flow/", **MARCH)

    (flow,) = answer["currencies"]
    assert summed(flow) == ("20.70", "-10.00", "10.70")
    assert {
        each["counts_as"]: (each["money_in"]["amount"], each["money_out"]["amount"]) for each in flow["left_out"]
    } == {
        "own_account_transfer": ("300.00", "-340.00"),
        "card_payment": ("0.00", "-500.00"),
        "investment": ("0.00", "-60.00"),
        "ignored": ("0.00", "-8.00"),
    }
    assert await assert_adds_up(client, answer) == 12


async def test_what_a_person_decides_counts(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    """A category of the person's own choice wins over the bank's word that it was a transfer to oneself."""
    await add_rows(
        sessions, owner_id, {"amount": "-40.00", "pluggy_category_id": "04030000", "user_category_id": "17010000"}
    )

    answer = await read(client, "cash_flow/", **MARCH)

    assert answer["currencies"][0]["spending"]["amount"] == "-40.00"


async def test_currencies_are_never_summed_up_together(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_rows(sessions, owner_id, {"amount": "-10.00"}, {"amount": "-3.00", "currency_code": "USD"})

    answer = await read(client, "cash_flow/", **MARCH)

    assert [(flow["currency_code"], flow["net"]) for flow in answer["currencies"]] == [
        ("BRL", "-10.00"),
        ("USD", "-3.00"),
    ]
    assert await assert_adds_up(client, answer) == 8


async def test_the_present_month_is_counted_up_to_today(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """Banks list what is scheduled ahead of its day; it is no spending yet."""
    today = local_day(utc_now())
    await add_rows(
        sessions, owner_id, {"amount": "-1.00", "date": today}, {"amount": "-2.00", "date": today + timedelta(days=1)}
    )

    answer = await read(client, "cash_flow/")

    (flow,) = answer["currencies"]
    assert len(flow["months"]) == 12
    assert (flow["months"][-1]["month"], flow["months"][-1]["is_complete"]) == (f"{today:%Y-%m}", False)
    assert flow["spending"]["amount"] == "-1.00"
    assert await assert_adds_up(client, answer) == 26


async def test_one_account_or_connection_can_be_asked_for(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        first, second = [await make_account(session, owner_id, connection.id) for _ in range(2)]
        other = await add_account(session, owner_id)
        for number, account_id in enumerate((first.id, second.id, other)):
            await make_transaction(session, owner_id, account_id, amount=-(10**number))

    async def spent(**whose: Any) -> str:
        answer = await read(client, "cash_flow/", **MARCH, **whose)
        await assert_adds_up(client, answer)
        return "".join(flow["spending"]["amount"] for flow in answer["currencies"])

    assert await spent(account_id=str(second.id)) == "-10.00"
    assert await spent(connection_id=str(connection.id)) == "-11.00"
    assert await spent(account_id=str(uuid4())) == ""


async def test_rows_of_others_and_removed_rows_count_for_nothing(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53."""
    await add_rows(sessions, owner_id, {"removed_at": utc_now()})
    await add_rows(sessions, other_owner_id, {})

    assert (await read(client, "cash_flow/", **MARCH))["currencies"] == []


async def test_months_that_lie_ahead_are_empty(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    ahead = shifted(local_day(utc_now()).replace(day=1), 3)
    await add_rows(sessions, owner_id, {"date": ahead})

    assert (await read(client, "cash_flow/", month_from=f"{ahead:%Y-%m}"))["currencies"] == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"month_from": "2026-03", "month_to": "2026-02"}, "invalid_request"),
        ({"month_from": "2026-13"}, "invalid_request"),
        ({"month_from": "2026-3"}, "invalid_request"),
        ({"month_from": "2026-03-01"}, "invalid_request"),
        ({"month_to": "0000-01"}, "invalid_request"),
        ({"month_to": "9999-12"}, "invalid_request"),
        ({"month_from": ""}, "invalid_request"),
        ({"month": "2026-03"}, "invalid_request"),
        ({"account_id": "1"}, "invalid_request"),
        ({"month_from": "2021-02", "month_to": "2026-02"}, "range_too_long"),
        ({"month_from": "1999-01"}, "range_too_long"),
    ],
)
async def test_a_period_that_is_none_is_refused(asked: dict[str, str], code: str, client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/banking/insights/cash_flow/", params=asked, headers={"Accept-Language": "en"})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    portuguese = await client.get("/api/banking/insights/cash_flow/", params=asked)
    assert portuguese.json()["user_message"] != answer.json()["user_message"]
