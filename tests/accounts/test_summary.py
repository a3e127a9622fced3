"""The net position."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx

from app.database import Sessions, transaction
from tests.factories import make_account, make_connection
from tests.readers import ROOT

GIVEN: list[dict[str, Any]] = [
    {"balance": "1520.35"},
    {"balance": "-20.0001"},
    {"type": "CREDIT", "balance": "-340.20"},
    {"balance": None, "balance_at": None},
    {"balance": "99.99", "currency_code": "USD"},
    {"balance": "7.00", "hidden": True},
    {"balance": "1000.00", "removed_at": "2026-03-04T00:00:00Z"},
]


async def test_currencies_stay_apart_hidden_accounts_out_and_debts_below_zero(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:

    for owner in (owner_id, other_owner_id):
        async with transaction(sessions, owner) as session:
            connection = await make_connection(session, owner)
            for each in GIVEN:
                given = {**each, "balance": None if each["balance"] is None else Decimal(each["balance"])}
                if "removed_at" in given:
                    given["removed_at"] = datetime.fromisoformat(given["removed_at"])
                await make_account(session, owner, connection.id, **given)

    shown = (await client.get(ROOT + "accounts/summary/")).json()["currencies"]
    whole = (await client.get(ROOT + "accounts/summary/", params={"hidden": "true"})).json()["currencies"]

    brl, usd = shown
    assert (brl["net"], brl["assets"], brl["debts"]) == ("1160.1499", "1520.35", "-360.2001")
    assert (brl["accounts"], brl["without_balance"]) == (4, 1)
    assert (usd["currency_code"], usd["net"], usd["debts"]) == ("USD", "99.99", "0.00")
    assert whole[0]["assets"] == "1527.35"


async def test_without_accounts_there_is_nothing_to_sum(client: httpx.AsyncClient) -> None:
    assert (await client.get(ROOT + "accounts/summary/")).json() == {"currencies": []}
