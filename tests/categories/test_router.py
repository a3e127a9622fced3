"""The tree over HTTP and real PostgreSQL."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from app.categories.flow import renew_tree
from app.categories.models import PluggyCategory
from app.database import Sessions, transaction
from app.resources import Resources
from app.transactions.models import Transaction
from tests.readers import ROOT, read_all, reader
from tests.stand_in import StandIn
from tests.transactions.support import LIST, add_rows, ids

CATEGORIES = ROOT + "categories/"


async def make(client: httpx.AsyncClient, name: str, parent_id: str | None = None) -> str:
    answer = await client.post(CATEGORIES, json={"name": name, "parent_id": parent_id})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def put_into(client: httpx.AsyncClient, row_id: UUID, category_id: str | None) -> dict[str, Any]:
    answer = await client.patch(f"{LIST}{row_id}/", json={"category_id": category_id})
    assert answer.status_code == 200, answer.text
    row: dict[str, Any] = answer.json()
    return row


async def test_without_pluggy_the_built_in_tree_serves(client: httpx.AsyncClient) -> None:
    tree = {node["id"]: node for node in (await client.get(CATEGORIES)).json()["results"]}

    assert tree["11010000"] == {
        "id": "11010000",
        "parent_id": "11000000",
        "name": "Eating out",
        "name_pt": "Restaurantes, bares e lanchonetes",
        "is_own": False,
    }
    assert all(node["parent_id"] in {None, *tree} for node in tree.values())


async def test_pluggys_tree_is_read_and_kept(
    client: httpx.AsyncClient, resources: Resources, stand_in: StandIn
) -> None:
    """Mission: categories are provided by Pluggy. Read daily, with its Portuguese names."""
    await renew_tree(resources)
    await renew_tree(resources)
    tree = {node["id"]: node for node in (await client.get(CATEGORIES)).json()["results"]}

    assert (tree["07050000"]["name"], tree["07050000"]["name_pt"]) == (
        "Accounting and professional services",
        "Contabilidade e serviços profissionais",
    )
    assert tree["17020003"]["parent_id"] == "17020000"


async def test_a_node_that_pluggy_drops_is_forgotten(
    resources: Resources, sessions: Sessions, stand_in: StandIn
) -> None:
    await renew_tree(resources)
    async with transaction(sessions, None) as session:
        first = (await session.execute(select(PluggyCategory))).scalars().first()
        assert first is not None
        gone = PluggyCategory(id="98000000", parent_id=None, name="Gone", name_pt="Ida", read_at=first.read_at)
        session.add(gone)

    await renew_tree(resources)

    async with transaction(sessions, None) as session:
        assert await session.get(PluggyCategory, "98000000") is None


async def test_own_categories_are_made_moved_and_renamed(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """Mission: categories of one's own. Pluggy has none: they live here."""
    lunch = await make(client, " Almoço ", "11000000")
    monday = await make(client, "Segunda", lunch)
    (row_id,) = await add_rows(sessions, owner_id, {"pluggy_category_id": "10000000"})

    row = await put_into(client, row_id, monday)
    renamed = await client.patch(f"{CATEGORIES}{monday}/", json={"name": "Terça"})
    listed = (await client.get(LIST)).json()["results"][0]

    assert (row["category"], row["category_source"]) == (
        {"id": monday, "name": "Segunda", "name_pt": "Segunda"},
        "user",
    )
    assert renamed.json()["name"] == listed["category"]["name"] == "Terça"
    for category in (monday, lunch, "11000000"):
        assert ids(await read_all(client, "transactions/", category=category)) == [row_id]
    assert await read_all(client, "transactions/", category="10000000") == []
    await client.patch(f"{CATEGORIES}{lunch}/", json={"parent_id": None})
    assert await read_all(client, "transactions/", category="11000000") == []


async def test_a_decision_taken_back_lets_pluggy_count_again(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    (row_id,) = await add_rows(sessions, owner_id, {"pluggy_category_id": "10000000"})
    await put_into(client, row_id, "11000000")

    row = await put_into(client, row_id, None)

    assert (row["category"]["id"], row["category_source"]) == ("10000000", "pluggy")
    history = (await client.get(f"{LIST}{row_id}/history/")).json()["results"]
    assert [change["changes"] for change in history] == [
        [{"field": "category.id", "before": "11000000", "after": "10000000"}],
        [{"field": "category.id", "before": "10000000", "after": "11000000"}],
    ]


@pytest.mark.parametrize("parent", ["itself", "below"])
async def test_a_category_never_stands_below_itself(client: httpx.AsyncClient, parent: str) -> None:
    above = await make(client, "Casa")
    below = await make(client, "Obra", await make(client, "Reforma", above))

    answer = await client.patch(f"{CATEGORIES}{above}/", json={"parent_id": above if parent == "itself" else below})

    assert (answer.status_code, answer.json()["code"]) == (422, "category_cycle")
    assert (await client.get(f"{CATEGORIES}{above}/")).json()["parent_id"] is None


@pytest.mark.parametrize("make_id", [lambda: "98765432", lambda: str(uuid4())])
async def test_an_unknown_category_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, make_id: Callable[[], str]
) -> None:
    (row_id,) = await add_rows(sessions, owner_id, {})
    unknown = make_id()

    answers = [
        await client.patch(f"{LIST}{row_id}/", json={"category_id": unknown, "note": "x"}),
        await client.post(CATEGORIES, json={"name": "A", "parent_id": unknown}),
        await client.patch(f"{CATEGORIES}{await make(client, 'B')}/", json={"parent_id": unknown}),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "unknown_category")] * 3
    assert (await client.get(f"{LIST}{row_id}/")).json()["note"] is None


async def test_pluggys_categories_and_those_of_others_cannot_be_changed(
    client: httpx.AsyncClient, resources: Resources, other_owner_id: UUID
) -> None:
    """R53."""
    async with reader(resources, other_owner_id) as other:
        foreign = await make(other, "Deles")

    shared = [
        await client.patch(f"{CATEGORIES}11000000/", json={"name": "x"}),
        await client.delete(f"{CATEGORIES}11000000/"),
    ]
    theirs = [
        await client.patch(f"{CATEGORIES}{foreign}/", json={"name": "x"}),
        await client.delete(f"{CATEGORIES}{foreign}/"),
        await client.get(f"{CATEGORIES}{foreign}/"),
    ]

    assert [answer.json()["code"] for answer in shared] == ["category_is_shared"] * 2
    assert [answer.status_code for answer in theirs] == [404] * 3


async def test_a_category_in_use_goes_only_with_a_place_for_what_is_in_it(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    old, new = await make(client, "Velha", "11000000"), await make(client, "Nova")
    child = await make(client, "Filha", old)
    rows = await add_rows(sessions, owner_id, {}, {"pluggy_category_id": "10000000"})
    for row_id in rows:
        await put_into(client, row_id, old)

    refused = await client.delete(f"{CATEGORIES}{old}/")
    unknown = await client.delete(f"{CATEGORIES}{old}/", params={"reassign_to": old})
    done = await client.delete(f"{CATEGORIES}{old}/", params={"reassign_to": new})

    assert (refused.status_code, refused.json()["code"]) == (409, "category_in_use")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_category")
    assert done.status_code == 204
    assert set(ids(await read_all(client, "transactions/", category=new))) == set(rows)
    assert (await client.get(f"{CATEGORIES}{child}/")).json()["parent_id"] == "11000000"
    assert (await client.delete(f"{CATEGORIES}{new}/", params={"reassign_to": "none"})).status_code == 204
    sources = {row["id"]: row["category_source"] for row in await read_all(client, "transactions/")}
    assert sources == {str(rows[0]): None, str(rows[1]): "pluggy"}


async def test_reassigning_reaches_removed_rows_that_may_come_back(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    """R32: a restated row is revived with what was decided about it."""
    old, new = await make(client, "Velha"), await make(client, "Nova")
    (row_id,) = await add_rows(sessions, owner_id, {"user_category_id": old})
    async with transaction(sessions, owner_id) as session:
        row = await session.get_one(Transaction, (owner_id, row_id))
        row.removed_at = row.created_at

    await client.delete(f"{CATEGORIES}{old}/", params={"reassign_to": new})

    async with transaction(sessions, owner_id) as session:
        assert (await session.get_one(Transaction, (owner_id, row_id))).user_category_id == new
