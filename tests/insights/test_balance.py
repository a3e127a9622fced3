"""Balances day by day, over HTTP and real PostgreSQL."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import httpx
import pytest

from app.balances.models import AccountBalance
from app.database import Sessions, transaction
from tests.factories import NOON, make_account, make_connection
from tests.insights.support import read

MARCH = {"date_from": "2026-03-02", "date_to": "2026-03-05"}


async def test_each_day_holds_what_the_last_visit_up_to_it_found(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        bank, card, foreign = [
            (await make_account(session, owner_id, connection.id, type=kind, currency_code=code)).id
            for kind, code in (("BANK", "BRL"), ("CREDIT", "BRL"), ("BANK", "USD"))
        ]
        for account, day, amount, code in (
            (bank, date(2026, 1, 30), "5.00", "BRL"), (bank, date(2026, 2, 1), "100.00", "BRL"),
            (bank, date(2026, 3, 4), "80.50", "BRL"), (card, date(2026, 3, 3), "-30.00", "BRL"),
            (foreign, date(2026, 3, 5), "9.00", "USD"), (bank, date(2026, 3, 6), "1.00", "BRL"),
        ):  # fmt: skip
            session.add(
                AccountBalance(
                    owner_id=owner_id, account_id=account, day=day, balance=Decimal(amount), currency_code=code,
                    as_of=NOON, change_number=1,
                )
            )  # fmt: skip

    answer = await read(client, "balance/", **MARCH)

    real, dollar = answer["currencies"]
    assert [tuple(day.values()) for day in real["days"]] == [
        ("2026-03-02", "100.00", "0.00", "100.00", 1),
        ("2026-03-03", "100.00", "-30.00", "70.00", 2),
        ("2026-03-04", "80.50", "-30.00", "50.50", 2),
        ("2026-03-05", "80.50", "-30.00", "50.50", 2),
    ]
    assert [tuple(day.values()) for day in dollar["days"]] == [("2026-03-05", "9.00", "0.00", "9.00", 1)]
    of_card = await read(client, "balance/", **MARCH, account_id=str(card))
    assert [day["net"] for day in of_card["currencies"][0]["days"]] == ["-30.00"] * 3
    assert (await read(client, "balance/", **MARCH, connection_id=str(other_owner_id)))["currencies"] == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"date_from": "2026-03-05", "date_to": "2026-03-04"}, "invalid_request"),
        ({"date_from": "2026-02-30"}, "invalid_request"),
        ({"date_to": "1"}, "invalid_request"),
        ({"date_from": "2020-01-01"}, "range_too_long"),
        ({"date_from": "0001-01-01"}, "range_too_long"),
    ],
)
async def test_days_that_are_no_range_are_refused(asked: dict[str, str], code: str, client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/banking/insights/balance/", params=asked)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("asked", [{"date_to": "0001-01-01"}, {"date_from": "9999-12-31"}, {"date_to": "9999-12-31"}])
async def test_days_of_which_nothing_is_known_are_empty(asked: dict[str, str], client: httpx.AsyncClient) -> None:
    assert (await read(client, "balance/", **asked))["currencies"] == []
