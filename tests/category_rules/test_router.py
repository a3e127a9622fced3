"""Rules over HTTP, real PostgreSQL and the worker's runner."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from app.database import Sessions, transaction
from app.resources import Resources
from app.transactions import ruling
from app.transactions.models import Transaction
from tests.factories import make_account, make_connection, make_transaction
from tests.readers import ROOT, read_all, reader
from tests.transactions.support import LIST, add_rows, ids
from worker.job import Runner

RULES = ROOT + "category_rules/"
EATING, GROCERIES = "11010000", "10000000"


async def make_rule(client: httpx.AsyncClient, conditions: dict[str, Any], actions: dict[str, Any], **more: Any) -> str:
    answer = await client.post(RULES, json={"conditions": conditions, "actions": actions, **more})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def apply(client: httpx.AsyncClient, runner: Runner, rule_id: str | None = None) -> dict[str, Any]:
    begun = await client.post(RULES + "apply/", json={"category_rule_id": rule_id})
    assert (begun.status_code, begun.json()["status"]) == (202, "queued")
    await runner.settle()
    ended: dict[str, Any] = (await client.get(begun.headers["Location"])).json()
    return ended


async def by_id(client: httpx.AsyncClient) -> dict[UUID, dict[str, Any]]:
    return {UUID(row["id"]): row for row in await read_all(client, "transactions/")}


ROWS: list[dict[str, Any]] = [
    {"description": "PADARIA PÃO NOSSO", "amount": "-10.00"},
    {"description": "padaria central", "amount": "-200.00", "counterparty_name": "José Açúcar ME"},
    {"description": "SUPERMERCADO", "amount": "-30.00", "counterparty_name": "JOSE ACUCAR ME"},
    {"description": "PIX PADARIA", "amount": "40.00"},
]


@pytest.mark.parametrize(
    ("conditions", "matched"),
    [
        ({"text": "Padaria"}, {0, 1, 3}),
        ({"text": "padaria", "text_match": "starts_with"}, {0, 1}),
        ({"text": "padaria pao nosso", "text_match": "equals"}, {0}),
        ({"text": "padaria", "text_match": "equals"}, set()),
        ({"text": "pa%ia"}, set()),
        ({"counterparty": "josé açucar"}, {1, 2}),
        ({"amount_from": "-30", "amount_to": "-10"}, {0, 2}),
        ({"direction": "IN"}, {3}),
        ({"text": "padaria", "direction": "OUT", "amount_to": "-100"}, {1}),
    ],
)
async def test_preview_and_application_find_the_same_rows(
    client: httpx.AsyncClient,
    sessions: Sessions,
    owner_id: UUID,
    other_owner_id: UUID,
    runner: Runner,
    conditions: dict[str, Any],
    matched: set[int],
) -> None:
    added = await add_rows(sessions, owner_id, *ROWS)
    foreign = await add_rows(sessions, other_owner_id, *ROWS)
    rule = {"conditions": conditions, "actions": {"category_id": EATING}}

    preview = (await client.post(RULES + "preview/", json=rule)).json()
    untouched = {row["category_source"] for row in (await by_id(client)).values()}
    await make_rule(client, conditions, {"category_id": EATING})
    ended = await apply(client, runner)

    assert (preview["total"], preview["matched"], preview["recategorized"]) == (4, len(matched), len(matched))
    assert set(ids(preview["newest"])) == {added[at] for at in matched}
    assert untouched == {None}
    assert (ended["status"], ended["processed"], ended["total"], ended["changed"]) == ("succeeded", 4, 4, len(matched))
    assert set(ids(await read_all(client, "transactions/", category=EATING))) == {added[at] for at in matched}
    async with transaction(sessions, other_owner_id) as session:
        assert (await session.get_one(Transaction, (other_owner_id, foreign[0]))).rule_ids is None


async def test_a_rule_for_an_account_holds_there_only(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, runner: Runner
) -> None:
    async with transaction(sessions, owner_id) as session:
        connection = await make_connection(session, owner_id)
        here, there = [(await make_account(session, owner_id, connection.id)).id for _ in range(2)]
        row = await make_transaction(session, owner_id, here)
        await make_transaction(session, owner_id, there)
    await make_rule(client, {"account_id": str(here)}, {"category_id": EATING})

    await apply(client, runner)

    assert ids(await read_all(client, "transactions/", category=EATING)) == [row.id]


async def test_the_first_rule_that_says_something_wins_and_tags_add_up(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, runner: Runner
) -> None:
    (row_id,) = await add_rows(sessions, owner_id, {"description": "PADARIA CENTRAL"})
    late = await make_rule(client, {"text": "padaria"}, {"category_id": GROCERIES, "ignored": True, "tags": ["b"]})
    early = await make_rule(client, {"text": "central"}, {"category_id": EATING, "tags": ["a", "b"]}, position=1)
    await client.patch(f"{RULES}{late}/", json={"position": 2})

    await apply(client, runner)

    row = (await by_id(client))[row_id]
    assert (row["category"]["id"], row["category_source"]) == (EATING, "rule")
    assert (row["tags"], row["ignored"]) == (["a", "b"], True)
    told = (await client.get(f"{LIST}{row_id}/explain/")).json()
    assert told["matching_rule_ids"] == [early, late]
    assert [(reason["source"], reason["category_rule_id"]) for reason in told["reasons"]] == [("rule", early)]
    (revision,) = (await client.get(f"{LIST}{row_id}/history/")).json()["results"]
    assert revision["kind"] == "ruled"
    assert {change["field"]: change["after"] for change in revision["changes"]} == {
        "category.id": EATING,
        "tags": ["a", "b"],
        "ignored": True,
    }


async def test_no_rule_undoes_what_a_person_decided(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, runner: Runner
) -> None:
    decided, open_ = await add_rows(sessions, owner_id, {"ignored": True}, {})
    mine = {"category_id": GROCERIES, "tags": ["meu"], "ignored": False}
    await client.patch(f"{LIST}{decided}/", json=mine)
    await make_rule(client, {"direction": "OUT"}, {"category_id": EATING, "tags": ["regra"], "ignored": True})

    await apply(client, runner)

    rows = await by_id(client)
    kept = rows[decided]
    assert (kept["category"]["id"], kept["category_source"]) == (GROCERIES, "user")
    assert (kept["tags"], kept["ignored"]) == (["meu"], False)
    assert (rows[open_]["category"]["id"], rows[open_]["tags"], rows[open_]["ignored"]) == (EATING, ["regra"], True)
    await client.patch(f"{LIST}{decided}/", json={"category_id": None, "tags": None, "ignored": None})
    freed = (await by_id(client))[decided]
    assert (freed["category"]["id"], freed["tags"], freed["ignored"]) == (EATING, ["regra"], True)


async def test_a_rule_applied_alone_touches_only_what_it_matches_or_matched(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, runner: Runner
) -> None:
    bakery, market = await add_rows(sessions, owner_id, {"description": "PADARIA"}, {"description": "MERCADO"})
    first = await make_rule(client, {"text": "padaria"}, {"category_id": EATING})
    await make_rule(client, {"text": "mercado"}, {"category_id": GROCERIES})

    await apply(client, runner, first)
    alone = {row_id: row["category_source"] for row_id, row in (await by_id(client)).items()}
    await client.patch(f"{RULES}{first}/", json={"conditions": {"text": "mercado"}})
    before_again = {row_id: row["category_source"] for row_id, row in (await by_id(client)).items()}
    await apply(client, runner, first)

    assert alone == before_again == {bakery: "rule", market: None}
    rows = await by_id(client)
    assert rows[bakery]["category"] is None
    assert rows[market]["category"]["id"] == EATING


async def test_what_a_deleted_rule_decided_is_decided_anew(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, runner: Runner
) -> None:
    (row_id,) = await add_rows(sessions, owner_id, {"pluggy_category_id": GROCERIES})
    rule = await make_rule(client, {"direction": "OUT"}, {"category_id": EATING})
    await apply(client, runner)

    answer = await client.delete(f"{RULES}{rule}/")
    await runner.settle()

    assert answer.status_code == 204
    row = (await by_id(client))[row_id]
    assert (row["category"]["id"], row["category_source"]) == (GROCERIES, "pluggy")


async def test_an_application_goes_on_where_it_was_cut_off_and_changes_nothing_twice(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, runner: Runner
) -> None:
    """R11."""
    await add_rows(sessions, owner_id, *({} for _ in range(5)))
    await make_rule(client, {"direction": "OUT"}, {"category_id": EATING})

    async with transaction(sessions, owner_id) as session:
        part = await ruling.apply_onward(session, owner_id, rule_id=None, place=UUID(int=0), limit=2, change_number=7)
    first = await apply(client, runner)
    second = await apply(client, runner)

    assert (part.processed, part.changed) == (2, 2)
    assert (first["changed"], second["changed"]) == (3, 0)


INVALID, UNKNOWN = "invalid_request", "unknown_category"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"conditions": {}, "actions": {"category_id": EATING}}, INVALID),
        ({"conditions": {"text_match": "equals"}, "actions": {"category_id": EATING}}, INVALID),
        ({"conditions": {"text": "a"}, "actions": {"category_id": EATING}}, INVALID),
        ({"conditions": {"text": "padaria"}, "actions": {}}, INVALID),
        ({"conditions": {"text": "padaria"}, "actions": {"tags": []}}, INVALID),
        ({"conditions": {"text": "padaria"}, "actions": {"category_id": "98765432"}}, UNKNOWN),
        ({"conditions": {"text": "padaria"}, "actions": {"category_id": str(uuid4())}}, UNKNOWN),
        ({"conditions": {"account_id": str(uuid4())}, "actions": {"category_id": EATING}}, INVALID),
        ({"conditions": {"amount_from": "2", "amount_to": "1"}, "actions": {"category_id": EATING}}, INVALID),
        ({"conditions": {"amount_from": "0.00001"}, "actions": {"category_id": EATING}}, INVALID),
        ({"conditions": {"amount_to": "1234567890123456"}, "actions": {"category_id": EATING}}, INVALID),
        ({"conditions": {"amount_to": 0}, "actions": {"category_id": EATING}}, INVALID),
        ({"conditions": {"amount_to": -0.1}, "actions": {"category_id": EATING}}, INVALID),
        ({"conditions": {"words": "padaria"}, "actions": {"category_id": EATING}}, INVALID),
    ],
)
async def test_a_rule_that_cannot_be_meant_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    answers = [await client.post(RULES, json=body), await client.post(RULES + "preview/", json=body)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, code)] * 2
    assert (await client.get(RULES)).json()["results"] == []


async def test_a_rule_that_matches_everything_wants_a_confirmation(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    await add_rows(sessions, owner_id, *({} for _ in range(21)))
    rule = {"conditions": {"direction": "OUT"}, "actions": {"ignored": True}}

    refused = await client.post(RULES, json=rule)
    confirmed = await client.post(RULES, json={**rule, "confirm_all": True})

    assert (refused.status_code, refused.json()["code"]) == (409, "rule_matches_everything")
    assert [rule["id"] for rule in (await client.get(RULES)).json()["results"]] == [confirmed.json()["id"]]


async def test_rules_and_applications_that_are_not_ones_own_are_absent(
    client: httpx.AsyncClient, resources: Resources, other_owner_id: UUID
) -> None:
    """R53: in a body as in a path."""
    async with reader(resources, other_owner_id) as other:
        theirs = await make_rule(other, {"text": "padaria"}, {"ignored": True})

    answers = [
        await client.post(RULES + "apply/", json={"category_rule_id": theirs}),
        await client.post(RULES + "apply/", json={"category_rule_id": str(uuid4())}),
        await client.get(f"{RULES}applications/{uuid4()}/"),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "category_rule_not_found"),
        (404, "category_rule_not_found"),
        (404, "rule_application_not_found"),
    ]


async def test_an_account_of_another_owner_is_no_condition(
    client: httpx.AsyncClient, sessions: Sessions, resources: Resources, other_owner_id: UUID
) -> None:
    """R53."""
    async with transaction(sessions, other_owner_id) as session:
        connection = await make_connection(session, other_owner_id)
        account = await make_account(session, other_owner_id, connection.id)

    body = {"conditions": {"account_id": str(account.id)}, "actions": {"ignored": True}}
    answer = await client.post(RULES, json=body)
    async with reader(resources, other_owner_id) as other:
        theirs = await other.post(RULES, json=body)

    assert (answer.status_code, theirs.status_code) == (422, 201)


async def test_an_edit_suggests_a_rule_and_applies_nothing(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    given = {"description": "PAG*123", "counterparty_name": "Padaria Pão Nosso Ltda"}
    edited, *_ = await add_rows(sessions, owner_id, given, given, {**given, "user_category_id": GROCERIES}, {})
    before = (await client.get(f"{LIST}{edited}/suggest_rule/")).json()
    await client.patch(f"{LIST}{edited}/", json={"category_id": EATING})

    suggested = (await client.get(f"{LIST}{edited}/suggest_rule/")).json()["results"]

    assert before == {"results": []}
    assert [suggestion["matched"] for suggestion in suggested] == [1]
    rule = suggested[0]["rule"]
    assert rule["conditions"]["counterparty"] == "Padaria Pão Nosso Ltda"
    assert (await client.get(RULES)).json()["results"] == []
    assert len(await read_all(client, "transactions/", category=EATING)) == 1
    assert (await client.post(RULES, json=rule)).status_code == 201


async def test_a_stale_version_of_a_rule_is_not_changed(client: httpx.AsyncClient) -> None:
    rule = await make_rule(client, {"text": "padaria"}, {"ignored": True})
    old = (await client.get(f"{RULES}{rule}/")).headers["ETag"]
    await client.patch(f"{RULES}{rule}/", json={"name": "Padarias"}, headers={"If-Match": old})

    answers = [
        await client.patch(f"{RULES}{rule}/", json={"name": "x"}, headers={"If-Match": old}),
        await client.delete(f"{RULES}{rule}/", headers={"If-Match": old}),
    ]

    assert [answer.status_code for answer in answers] == [412, 412]
    assert (await client.get(f"{RULES}{rule}/")).json()["name"] == "Padarias"


async def test_the_explanation_names_every_party_in_order(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID
) -> None:
    fields = {"description": "Maria Silva", "operation_type": "PIX", "built_in_category_id": "05070000"}
    (row_id,) = await add_rows(sessions, owner_id, fields)
    async with transaction(sessions, owner_id) as session:
        await session.execute(update(Transaction).values(pluggy_category_id=GROCERIES, user_category_id=EATING))

    told = (await client.get(f"{LIST}{row_id}/explain/")).json()

    assert (told["category"]["id"], told["category_source"]) == (EATING, "user")
    assert [(reason["source"], reason["counts"]) for reason in told["reasons"]] == [
        ("user", True),
        ("pluggy", False),
        ("built_in", False),
    ]
    assert (told["reasons"][2]["sign"], told["reasons"][2]["evidence"]) == ("operation_type", "PIX")
