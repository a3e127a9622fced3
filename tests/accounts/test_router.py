"""What clients read of accounts and decide about them, over HTTP and real PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries, service
from app.accounts.mapping import mask, seal_number
from app.accounts.models import Account
from app.database import Sessions, make_engine, make_sessions, transaction
from app.owners.principal import SCOPES
from app.resources import Resources
from tests.factories import make_account, make_connection
from tests.readers import ROOT, read_all, reader

LIST = ROOT + "accounts/"
NUMBER = "0001/12345678-9"


async def add_account(sessions: Sessions, owner_id: UUID, **given: Any) -> Account:
    """Add an account to a connection of its own."""
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        return await make_account(session, owner_id, connection.id, **given)


async def add_numbered_account(resources: Resources, owner_id: UUID) -> Account:
    """Add an account whose number is sealed."""
    async with transaction(resources.sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        account = await make_account(session, owner_id, connection.id, number_masked=mask(NUMBER))
        account.number, account.number_hash = seal_number(NUMBER, owner_id, account.id, resources.vault)
        return account


async def stored(sessions: Sessions, account: Account) -> Account:
    """Return the account as it stands in the database."""
    async with transaction(sessions, account.owner_id) as session:
        return await session.get_one(Account, (account.owner_id, account.id))


async def test_accounts_show_their_bank_balance_and_freshness(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    card = await add_account(
        sessions, owner_id, type="CREDIT", balance=Decimal("-0.5"), details={"credit_limit": "5000.00", "brand": "VISA"}
    )

    (row,) = await read_all(client, "accounts/")
    whole = (await client.get(f"{LIST}{card.id}/")).json()

    assert (row["institution_name"], row["type"], row["balance"]) == ("Banco do Teste", "CREDIT", "-0.50")
    assert row["freshness"]["is_stale"] is False
    assert row == {name: whole[name] for name in row}
    assert (whole["details"]["credit_limit"], whole["details"]["brand"]) == ("5000.00", "VISA")


async def test_answers_are_what_openapi_says(client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID) -> None:
    account = await add_account(sessions, owner_id, balance=None, details={"balance_due_date": "2026-03-10"})
    document = (await client.get(ROOT + "openapi.json")).json()

    for path, operation in ((LIST, LIST), (f"{LIST}{account.id}/", LIST + "{account_id}/")):
        schema = document["paths"][operation]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        rule = Draft202012Validator({**schema, "components": document["components"]})
        rule.validate((await client.get(path)).json())


async def test_pages_hold_each_account_once_in_the_order_of_their_coming(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    added = [await add_account(sessions, owner_id) for _ in range(5)]

    rows = await read_all(client, "accounts/", limit=2)

    assert [row["id"] for row in rows] == [str(account.id) for account in added]


async def test_accounts_are_found_by_connection_and_type(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    bank = await add_account(sessions, owner_id)
    card = await add_account(sessions, owner_id, type="CREDIT")

    by_connection = await read_all(client, "accounts/", connection_id=bank.connection_id)
    by_type = await read_all(client, "accounts/", type="CREDIT")
    by_both = await read_all(client, "accounts/", type="CREDIT", connection_id=bank.connection_id)

    assert [row["id"] for row in by_connection + by_type + by_both] == [str(bank.id), str(card.id)]


async def test_a_cursor_of_another_filter_is_refused(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    for _ in range(2):
        await add_account(sessions, owner_id)
    cursor = (await client.get(LIST, params={"limit": 1})).json()["next_cursor"]

    answer = await client.get(LIST, params={"type": "BANK", "cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("query", [{"type": "bank"}, {"connection_id": "1"}, {"limit": "501"}, {"name": "x"}])
async def test_a_filter_that_cannot_be_meant_is_refused(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    answer = await client.get(LIST, params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_the_whole_number_is_for_the_scope_and_the_single_resource_alone(
    client: httpx.AsyncClient, resources: Resources, owner_id: UUID
) -> None:
    """R64."""
    account = await add_numbered_account(resources, owner_id)
    path = f"{LIST}{account.id}/"

    masked = [(await client.get(path)).json(), (await client.get(LIST)).json()["results"][0]]
    async with reader(resources, owner_id, SCOPES) as trusted:
        listed = (await trusted.get(LIST)).json()["results"][0]
        whole = (await trusted.get(path)).json()

    assert {each["number"] for each in [*masked, listed]} == {"••••••••78-9"}
    assert whole["number"] == NUMBER


async def test_accounts_of_another_owner_never_appear(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53: foreign and absent answer alike, word for word, and nothing is written."""
    own = await add_account(sessions, owner_id)
    foreign = await add_account(sessions, other_owner_id)
    absent = uuid4()

    rows = await read_all(client, "accounts/")
    filtered = await read_all(client, "accounts/", connection_id=foreign.connection_id)
    answers = [
        [await client.get(f"{LIST}{each}/") for each in (foreign.id, absent)],
        [await client.patch(f"{LIST}{each}/", json={"alias": "meu"}) for each in (foreign.id, absent)],
    ]

    assert [row["id"] for row in rows] == [str(own.id)]
    assert filtered == []
    for pair in answers:
        assert [answer.status_code for answer in pair] == [404, 404]
        bodies = [
            {**answer.json(), "request_id": "", "detail": answer.json()["detail"].replace(str(each), "")}
            for answer, each in zip(pair, (foreign.id, absent), strict=True)
        ]
        assert bodies[0] == bodies[1]
    assert (await stored(sessions, foreign)).alias is None


async def test_each_of_both_walls_holds_alone(
    sessions: Sessions, owner_id: UUID, other_owner_id: UUID, postgres_url: Callable[..., str], database_name: str
) -> None:
    """R53 without R54, and R54 without R53: SQL under the wrong owner, and SQL by a role that sees all."""
    own = await add_account(sessions, owner_id)
    foreign = await add_account(sessions, other_owner_id)
    engine = make_engine(postgres_url("postgres", database_name), pool_size=1, statement_ms=5_000)

    async with transaction(sessions, owner_id) as session:
        by_policy = await ids_of(session, other_owner_id)
        written_by_policy = await name(session, other_owner_id, foreign)
    async with transaction(make_sessions(engine), None) as session:
        by_sql = await ids_of(session, owner_id)
        written_by_sql = await name(session, owner_id, foreign)
    await engine.dispose()

    assert (by_policy, written_by_policy) == ([], False)
    assert (by_sql, written_by_sql) == ([own.id], False)


async def ids_of(session: AsyncSession, owner_id: UUID) -> list[UUID]:
    rows = await queries.list_page(session, owner_id, connection_id=None, account_type=None, after=None, limit=50)
    return [row.account.id for row in rows]


async def name(session: AsyncSession, owner_id: UUID, account: Account) -> bool:
    return await queries.annotate(session, owner_id, account.id, {"alias": "x"}, change_number=9)


async def test_what_the_owner_decides_is_kept_and_numbered(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    account = await add_account(sessions, owner_id, change_number=0)
    path = f"{LIST}{account.id}/"

    named = await client.patch(path, json={"alias": "  Conta da casa "})
    hidden = await client.patch(path, json={"hidden": True})
    after = await stored(sessions, account)
    unnamed = await client.patch(path, json={"alias": None, "hidden": False})

    assert (named.json()["alias"], named.json()["hidden"]) == ("Conta da casa", False)
    assert (hidden.json()["alias"], hidden.json()["hidden"]) == ("Conta da casa", True)
    assert (await client.get(path)).json() == unnamed.json()
    assert (unnamed.json()["alias"], unnamed.json()["hidden"]) == (None, False)
    assert (after.change_number, after.updated_at > account.updated_at) == (2, True)


async def test_a_decision_that_stands_already_is_not_written(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    account = await add_account(sessions, owner_id, alias="casa", change_number=0)

    answer = await client.patch(f"{LIST}{account.id}/", json={"alias": "casa", "hidden": False})

    after = await stored(sessions, account)
    assert answer.status_code == 200
    assert (after.change_number, after.updated_at) == (0, account.updated_at)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"alias": ""}',
        '{"alias": "   "}',
        '{"alias": 1}',
        f'{{"alias": "{"x" * 101}"}}',
        '{"alias": "\\u0000"}',
        '{"hidden": null}',
        '{"hidden": "yes"}',
        '{"hidden": 1}',
        '{"name": "Minha"}',
        "[]",
    ],
)
async def test_a_decision_that_cannot_be_meant_is_refused(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, body: str
) -> None:
    account = await add_account(sessions, owner_id)

    answer = await client.patch(f"{LIST}{account.id}/", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_deciding_needs_the_scope_to_write(resources: Resources, owner_id: UUID) -> None:
    account = await add_account(resources.sessions, owner_id)

    async with reader(resources, owner_id, frozenset({"accounts:read"})) as looker:
        answers = [
            await looker.get(f"{LIST}{account.id}/"),
            await looker.patch(f"{LIST}{account.id}/", json={"hidden": True}),
        ]

    assert [answer.status_code for answer in answers] == [200, 403]


async def test_accounts_vanish_with_the_deletion_of_their_connection(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """R35."""
    account = await add_account(sessions, owner_id)

    assert (await client.delete(f"{ROOT}connections/{account.connection_id}/")).status_code == 202

    assert await read_all(client, "accounts/") == []
    assert (await client.get(f"{LIST}{account.id}/")).status_code == 404
    assert (await client.patch(f"{LIST}{account.id}/", json={"alias": "x"})).status_code == 404


async def test_an_account_removed_in_mid_decision_keeps_nothing_of_it(sessions: Sessions, owner_id: UUID) -> None:
    """R35: what was purged does not come back by a write that began before."""
    account = await add_account(sessions, owner_id)
    async with transaction(sessions, owner_id) as session:
        await service.get_with_connection(session, owner_id, account.id)
        async with transaction(sessions, owner_id) as other:
            (await other.get_one(Account, (owner_id, account.id))).removed_at = datetime.now(UTC)

        was_written = await queries.annotate(session, owner_id, account.id, {"alias": "x"}, change_number=1)

    assert not was_written
    assert (await stored(sessions, account)).alias is None
