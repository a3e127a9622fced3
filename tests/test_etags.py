"""Versions of single resources: `ETag` and `If-Match`."""

import asyncio
from uuid import UUID

import httpx
import pytest

from app.api_keys import service as api_keys
from app.database import Sessions, transaction
from app.vault import Vault
from tests.factories import make_account, make_connection, make_transaction


@pytest.fixture
async def paths(sessions: Sessions, owner_id: UUID) -> dict[str, str]:
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id, change_number=0)
        account = await make_account(session, owner_id, connection.id, change_number=0)
        row = await make_transaction(session, owner_id, account.id, change_number=0)
    ids = {"connections": connection.id, "accounts": account.id, "transactions": row.id}
    return {name: f"/api/banking/{name}/{row_id}/" for name, row_id in ids.items()}


@pytest.fixture
def account(paths: dict[str, str]) -> str:
    return paths["accounts"]


async def test_single_resources_carry_their_version(client: httpx.AsyncClient, paths: dict[str, str]) -> None:
    tags = [(await client.get(path)).headers["etag"] for path in paths.values()]

    assert tags == ['"0"', '"0"', '"0"']


async def test_a_resource_without_versions_carries_a_tag_of_what_it_says(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    vault = Vault({"k1": bytes(32)})
    async with transaction(sessions, owner_id) as session:
        key, _ = await api_keys.create(
            session, vault, owner_id, name="ERP", scopes=["accounts:read"], lifetime_days=1, actor="operator:test"
        )
    path = f"/api/banking/api_keys/{key.id}/"

    read = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": read.headers["etag"]})
    async with transaction(sessions, owner_id) as session:
        await api_keys.rotate(session, vault, await api_keys.get(session, owner_id, key.id), actor="operator:test")
    changed = await client.get(path, headers={"If-None-Match": read.headers["etag"]})

    assert read.headers["etag"].startswith('W/"')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", read.headers["etag"])
    assert (changed.status_code, changed.headers["etag"] == read.headers["etag"]) == (200, False)


async def test_lists_and_refusals_carry_no_tag(client: httpx.AsyncClient) -> None:
    answers = [await client.get(path) for path in ("/api/banking/accounts/", f"/api/banking/api_keys/{UUID(int=1)}/")]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert not [answer for answer in answers if "etag" in answer.headers]


async def test_a_change_of_the_version_that_was_read_is_made(client: httpx.AsyncClient, account: str) -> None:
    read = (await client.get(account)).headers["etag"]

    changed = await client.patch(account, json={"alias": "Casa"}, headers={"If-Match": read})

    assert changed.status_code == 200
    assert changed.headers["etag"] not in {read, ""}
    assert (await client.get(account)).headers["etag"] == changed.headers["etag"]


async def test_a_change_of_an_older_version_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, account: str
) -> None:
    read = (await client.get(account)).headers["etag"]
    await client.patch(account, json={"alias": "Casa"}, headers={"If-Match": read})

    late = await client.patch(account, json={"alias": "Trabalho"}, headers={"If-Match": read})

    assert (late.status_code, late.json()["code"], late.json()["action"]) == (412, "precondition_failed", "reload")
    assert (await client.get(account)).json()["alias"] == "Casa"


async def test_without_if_match_the_last_change_wins(client: httpx.AsyncClient, account: str) -> None:
    for alias in ("Casa", "Trabalho"):
        assert (await client.patch(account, json={"alias": alias})).status_code == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [("*", 200), ('"7", "0"', 200), ('"7"', 412), ('W/"0"', 412), ("0", 412), ("", 412)],
)
async def test_if_match_compares_as_http_says(
    client: httpx.AsyncClient, account: str, header: str, status: int
) -> None:
    """A weak tag never matches; a list matches by one of its tags; a star by any version."""
    answer = await client.patch(account, json={"alias": "Casa"}, headers={"If-Match": header})

    assert answer.status_code == status


async def test_of_two_changes_of_one_version_at_once_one_is_made(client: httpx.AsyncClient, account: str) -> None:
    read = (await client.get(account)).headers["etag"]

    answers = await asyncio.gather(
        *(client.patch(account, json={"alias": f"n{number}"}, headers={"If-Match": read}) for number in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]


async def test_the_document_names_the_header_and_the_refusal(client: httpx.AsyncClient) -> None:
    operation = (await client.get("/api/banking/openapi.json")).json()["paths"]["/api/banking/accounts/{account_id}/"]

    assert "ETag" in operation["get"]["responses"]["200"]["headers"]
    assert "if-match" in [each["name"] for each in operation["patch"]["parameters"]]
    assert "412" in operation["patch"]["responses"]
