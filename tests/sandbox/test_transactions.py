"""Transactions by cursor, by page and by id; live balance and statements."""

import base64
from urllib.parse import parse_qs

import pytest

from tests.sandbox.desk import Desk, Json


async def checking(desk: Desk, user: str = "user-ok-perf-5") -> Json:
    """The checking account of a new item, with a few thousand transactions."""
    item = await desk.settled_item(user, products=None)
    accounts = (await desk.call("GET", "/accounts", params={"itemId": item["id"], "type": "BANK"}))["results"]
    return next(account for account in accounts if account["subtype"] == "CHECKING_ACCOUNT")


async def pages_of(desk: Desk, query: str) -> list[list[Json]]:
    """All pages, following `next` as it is: appended to the path."""
    pages, following = [], query
    while following:
        page = await desk.call("GET", f"/v2/transactions{following}")
        pages.append(page["results"])
        following = page["next"]
    return pages


async def test_the_cursor_walks_everything_once_newest_first(desk: Desk) -> None:
    account = await checking(desk)

    pages = await pages_of(desk, f"?accountId={account['id']}")

    rows = [row for page in pages for row in page]
    assert [len(page) for page in pages[:-1]] == [500] * (len(pages) - 1)
    assert len(pages) > 2
    assert len({row["id"] for row in rows}) == len(rows)
    assert [row["date"] for row in rows] == sorted((row["date"] for row in rows), reverse=True)


async def test_next_repeats_the_filters_and_its_cursor_is_the_last_rows_key(desk: Desk) -> None:
    account = await checking(desk)
    query = f"?accountId={account['id']}&dateFrom=2020-01-01"

    page = await desk.call("GET", f"/v2/transactions{query}")

    following = parse_qs(page["next"].removeprefix("?"))
    last = page["results"][-1]
    assert page["next"].startswith("?")
    assert following["accountId"] == [account["id"]]
    assert following["dateFrom"] == ["2020-01-01"]
    assert base64.urlsafe_b64decode(following["after"][0]).decode() == f"{last['date']}|{last['id']}"


async def test_a_cursor_may_travel_unencoded_or_without_padding(desk: Desk) -> None:
    account = await checking(desk)
    first = await desk.call("GET", f"/v2/transactions?accountId={account['id']}")
    cursor = parse_qs(first["next"][1:])["after"][0]

    raw = await desk.call("GET", f"/v2/transactions?accountId={account['id']}&after={cursor}")
    bare = await desk.call("GET", f"/v2/transactions?accountId={account['id']}&after={cursor.rstrip('=')}")

    assert raw["results"] == bare["results"] != first["results"]


@pytest.mark.parametrize("cursor", ["x", "!!!!", "bm90aGluZw==", "?accountId=1&after=2"])
async def test_a_bad_cursor_is_400_without_a_code(desk: Desk, cursor: str) -> None:
    account = await checking(desk, "user-ok")

    refusal = await desk.call("GET", "/v2/transactions", 400, params={"accountId": account["id"], "after": cursor})

    assert refusal["message"] == "Invalid cursor"
    assert "codeDescription" not in refusal


async def test_days_are_inclusive_and_cut_to_the_day(desk: Desk) -> None:
    account = await checking(desk)
    [some] = (await pages_of(desk, f"?accountId={account['id']}"))[0][100:101]
    day = some["date"][:10]

    params = {"accountId": account["id"], "dateFrom": f"{day}T23:59:59.000Z", "dateTo": day}
    rows = (await desk.call("GET", "/v2/transactions", params=params))["results"]

    assert some["id"] in {row["id"] for row in rows}
    assert {row["date"][:10] for row in rows} == {day}


async def test_created_at_from_finds_what_a_later_run_brought(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    before = {row["id"] for page in await pages_of(desk, f"?accountId={account['id']}") for row in page}
    await desk.advance(5 * 86400)
    after = [row for page in await pages_of(desk, f"?accountId={account['id']}") for row in page]
    fresh = [row for row in after if row["id"] not in before]

    since = min(row["createdAt"] for row in fresh)
    found = await desk.call("GET", "/v2/transactions", params={"accountId": account["id"], "createdAtFrom": since})

    assert {row["id"] for row in found["results"]} == {row["id"] for row in fresh}


async def test_date_from_and_created_at_from_exclude_each_other(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    params = {"accountId": account["id"], "dateFrom": "2026-01-01", "createdAtFrom": "2026-01-01T00:00:00.000Z"}

    await desk.call("GET", "/v2/transactions", 400, params=params)


@pytest.mark.parametrize("shape", ["ids={0},{1}", "ids={0}%2C{1}", "ids={0}&ids={1}", "ids[]={0}&ids[]={1}"])
async def test_ids_are_taken_in_every_form(desk: Desk, shape: str) -> None:
    account = await checking(desk, "user-ok")
    rows = (await pages_of(desk, f"?accountId={account['id']}"))[0]
    wanted = {rows[3]["id"], rows[7]["id"]}

    found = await desk.call("GET", f"/v2/transactions?accountId={account['id']}&{shape.format(*wanted)}")

    assert {row["id"] for row in found["results"]} == wanted


async def test_more_than_five_hundred_ids_and_ids_without_account_are_refused(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    ids = ",".join(["00000000-0000-4000-8000-00000000dead"] * 501)

    too_many = await desk.call("GET", "/v2/transactions", 400, params={"accountId": account["id"], "ids": ids})
    alone = await desk.call("GET", "/v2/transactions", 400, params={"ids": ids[:36]})

    assert too_many["codeDescription"] == "IDS_PARAMETER_EXCEEDS_MAX_LENGTH"
    assert "codeDescription" not in alone


async def test_an_unknown_account_has_no_transactions(desk: Desk) -> None:
    params = {"accountId": "00000000-0000-4000-8000-00000000dead"}

    assert await desk.call("GET", "/v2/transactions", params=params) == {"results": [], "next": None}


async def test_the_old_list_is_gone_unless_the_setting_brings_it_back(desk: Desk) -> None:
    account = await checking(desk)
    by_cursor = [row for page in await pages_of(desk, f"?accountId={account['id']}") for row in page]

    await desk.call("GET", "/transactions", 410, params={"accountId": account["id"]})
    await desk.control("PATCH", "/settings", {"v1Transactions": "legacy"})
    params = {"accountId": account["id"], "pageSize": "300", "page": "2"}
    page = await desk.call("GET", "/transactions", params=params)

    assert (page["page"], page["total"], page["totalPages"]) == (2, len(by_cursor), -(-len(by_cursor) // 300))
    assert page["results"] == by_cursor[300:600]


async def test_one_transaction_can_be_read_and_recategorised(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    row = (await pages_of(desk, f"?accountId={account['id']}"))[0][0]
    category = (await desk.call("GET", "/categories"))["results"][0]

    assert await desk.call("GET", f"/transactions/{row['id']}") == row
    changed = await desk.call("PATCH", f"/transactions/{row['id']}", json={"categoryId": category["id"]})

    assert (changed["categoryId"], changed["category"]) == (category["id"], category["description"])
    unknown = "00000000-0000-4000-8000-00000000dead"
    missing = await desk.call("PATCH", f"/transactions/{unknown}", 404, json={"categoryId": category["id"]})
    assert "codeDescription" not in missing
    await desk.call("PATCH", "/transactions/7", 400, json={"categoryId": category["id"]})


async def test_money_leaves_as_exact_numbers(desk: Desk) -> None:
    account = await checking(desk, "user-ok")

    text = (await desk.http.get(f"/v2/transactions?accountId={account['id']}")).text

    amounts = [part.split(",")[0].split("}")[0] for part in text.split('"amount":')[1:]]
    assert amounts
    assert all(len(amount.partition(".")[2]) <= 4 and "e" not in amount.lower() for amount in amounts)


async def test_the_live_balance_needs_no_visit_and_an_offline_bank_gives_none(desk: Desk) -> None:
    account = await checking(desk, "user-ok")

    balance = await desk.call("GET", f"/accounts/{account['id']}/balance")
    await desk.control("PUT", "/connectors/2/health", {"status": "OFFLINE"})
    offline = await desk.call("GET", f"/accounts/{account['id']}/balance", 502)

    assert {"balance", "currencyCode", "updateDateTime"} <= set(balance)
    assert offline["codeDescription"] == "BALANCE_CONNECTOR_UNAVAILABLE"


async def test_a_statement_link_works_for_thirty_minutes_and_only_as_signed(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    statement = (await desk.call("GET", f"/accounts/{account['id']}/statements"))["results"][0]

    fresh = await desk.http.get(statement["url"])
    bent = await desk.http.get(statement["url"].replace("2026-02", "2026-01"))
    await desk.advance(1800)
    late = await desk.http.get(statement["url"])

    assert statement["monthYear"] == "02-2026"
    assert fresh.text.startswith("date,description,amount")
    assert len(fresh.text.splitlines()) > 10
    assert (fresh.status_code, bent.status_code, late.status_code) == (200, 403, 403)


async def test_category_rules_are_made_listed_and_removed(desk: Desk) -> None:
    category = (await desk.call("GET", "/categories"))["results"][0]
    body = {"description": "uber", "categoryId": category["id"], "transactionType": "DEBIT", "matchType": "contains"}

    rule = await desk.call("POST", "/categories/rules", json=body)
    listed = await desk.call("GET", "/categories/rules")
    await desk.call("DELETE", f"/categories/rules/{rule['id']}", 204)

    assert (rule["category"], rule["matchType"]) == (category["description"], "contains")
    assert listed["results"] == [rule]
    await desk.call("DELETE", f"/categories/rules/{rule['id']}", 404)
    await desk.call("DELETE", "/categories/rules/7", 400)
    await desk.call("POST", "/categories/rules", 404, json=body | {"categoryId": "nothing"})


async def test_children_of_a_category_are_listed_by_parent(desk: Desk) -> None:
    children = (await desk.call("GET", "/categories", params={"parentId": "01000000"}))["results"]

    assert children
    assert {row["parentId"] for row in children} == {"01000000"}
