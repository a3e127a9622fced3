"""The balance as the bank tells it now, against the stand-in and over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
from jsonschema import Draft202012Validator
from sqlalchemy import select

from app.accounts.models import Account
from app.clock import BANK_ZONE, utc_now
from app.connections.models import BankConnection
from app.database import transaction
from app.money import money_text
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources, open_resources
from tests.factories import make_account, make_connection
from tests.http_support import KnownCaller, running_api
from tests.readers import ROOT
from tests.stand_in import StandIn
from tests.sync.support import connect
from worker.job import Runner


async def account_of(resources: Resources, connection: BankConnection) -> Account:
    async with transaction(resources.sessions, connection.owner_id) as session:
        found = select(Account).where(Account.connection_id == connection.id, Account.type == "BANK")
        return (await session.scalars(found.order_by(Account.pluggy_id))).all()[0]


async def ask(client: httpx.AsyncClient, account: Account) -> httpx.Response:
    return await client.post(f"{ROOT}accounts/{account.id}/balance/")


async def test_the_bank_tells_its_balance_and_the_ledger_keeps_its_own(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    account = await account_of(resources, connection)
    await stand_in.control("POST", "/clock", {"seconds": 20 * 86_400})  # and no visit

    answer = await ask(client, account)

    told = await stand_in.api("GET", f"/accounts/{account.pluggy_id}/balance")
    document = (await client.get(ROOT + "openapi.json")).json()
    operation = document["paths"][ROOT + "accounts/{account_id}/balance/"]["post"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())
    assert answer.json()["balance"] == money_text(told["balance"])
    after = await account_of(resources, connection)
    assert (after.balance, after.change_number) == (account.balance, account.change_number)
    assert account.balance is not None
    assert answer.json()["balance"] != money_text(account.balance)


async def test_a_quota_that_is_used_up_is_named(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    account = await account_of(resources, connection)
    warned = {"accounts": {"isUpdated": True, "warnings": [{"code": "423", "message": "quota"}]}}
    async with transaction(resources.sessions, owner_id) as session:
        (await session.get_one(BankConnection, (owner_id, connection.id))).status_detail = warned

    answer = await ask(client, account)

    assert answer.json()["warnings"] == [{"code": "423", "subject": "accounts", "message": "quota"}]


REFUSALS = {
    "BALANCE_INVALID_REQUEST": (400, 409, "live_balance_not_possible", None),
    "BALANCE_CONSENT_ERROR": (403, 409, "balance_consent_needed", "reconnect"),
    "BALANCE_NOT_FOUND": (404, 409, "live_balance_not_possible", None),
    "ACCOUNT_NOT_FOUND": (404, 409, "live_balance_not_possible", None),
    "BALANCE_OPEN_FINANCE_RATE_LIMIT": (429, 429, "balance_quota_used_up", "wait"),
    "BALANCE_FETCH_ERROR": (500, 503, "bank_unavailable", "wait"),
    "BALANCE_CONNECTOR_UNAVAILABLE": (502, 503, "bank_unavailable", "wait"),
}


@asynccontextmanager
async def api_before(resources: Resources, owner_id: UUID, pluggy_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Our API before another Pluggy."""
    caller = KnownCaller(principal=Principal(owner_id, DEFAULT_SCOPES, "person"))
    async with (
        open_resources(resources.settings, statement_ms=5000) as opened,
        running_api(resources.settings, caller=caller) as (app, http),
    ):
        app.state.resources = replace(resources, pluggy=opened.pluggy)
        http.headers["Authorization"] = "Bearer good"
        yield http


@pytest.mark.parametrize(("code", "told"), REFUSALS.items(), ids=REFUSALS)
async def test_each_refusal_says_what_can_be_done(
    resources: Resources, owner_id: UUID, code: str, told: tuple[int, int, str, str | None]
) -> None:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        account = await make_account(session, owner_id, connection.id)
    status, expected, our_code, action = told
    base = str(resources.settings.pluggy.base_url).rstrip("/")
    body: dict[str, Any] = {"code": status, "message": "x", "codeDescription": code}

    with respx.mock(assert_all_called=False) as pluggy:
        pluggy.route(host="test").pass_through()
        pluggy.post(f"{base}/auth").respond(200, json={"apiKey": "a.b.c"})
        call = pluggy.get(f"{base}/accounts/{account.pluggy_id}/balance").respond(status, json=body)
        async with api_before(resources, owner_id, base) as client:
            answer = await ask(client, account)

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["action"]) == (expected, our_code, action)
    assert call.call_count == 1  # the quota is the bank's: nothing is asked twice


async def test_a_used_up_quota_begins_anew_with_the_month(resources: Resources, owner_id: UUID) -> None:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        account = await make_account(session, owner_id, connection.id)
    base = str(resources.settings.pluggy.base_url).rstrip("/")
    body = {"code": 429, "message": "x", "codeDescription": "BALANCE_OPEN_FINANCE_RATE_LIMIT"}

    with respx.mock(assert_all_called=False) as pluggy:
        pluggy.post(f"{base}/auth").respond(200, json={"apiKey": "a.b.c"})
        pluggy.get(f"{base}/accounts/{account.pluggy_id}/balance").respond(429, json=body)
        async with api_before(resources, owner_id, base) as client:
            answer = await ask(client, account)

    retry_at = datetime.fromisoformat(answer.json()["retry_at"]).astimezone(BANK_ZONE)
    assert (retry_at.day, retry_at.hour) == (1, 0)
    assert retry_at > utc_now()


async def test_a_card_that_owes_is_negative_and_amounts_are_exact(resources: Resources, owner_id: UUID) -> None:
    """R29"""
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        account = await make_account(session, owner_id, connection.id, type="CREDIT")
    base = str(resources.settings.pluggy.base_url).rstrip("/")
    body = '{"balance": 1234.56785, "currencyCode": "BRL", "updateDateTime": "2026-03-04T14:00:00.000Z"}'

    with respx.mock(assert_all_called=False) as pluggy:
        pluggy.post(f"{base}/auth").respond(200, json={"apiKey": "a.b.c"})
        told = pluggy.get(f"{base}/accounts/{account.pluggy_id}/balance")
        told.respond(200, content=body, content_type="application/json")
        async with api_before(resources, owner_id, base) as client:
            answer = await ask(client, account)

    assert (answer.json()["balance"], answer.json()["as_of"]) == ("-1234.5678", "2026-03-04T14:00:00Z")


async def test_a_removed_item_has_no_live_balance(
    resources: Resources, client: httpx.AsyncClient, owner_id: UUID
) -> None:
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id, status="DELETED")
        account = await make_account(session, owner_id, connection.id)

    answer = await ask(client, account)

    assert (answer.status_code, answer.json()["code"]) == (409, "live_balance_not_possible")
