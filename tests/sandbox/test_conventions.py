"""What holds on every path: error shapes, query forms, tolerance."""

import pytest

from tests.sandbox.desk import Desk


@pytest.mark.parametrize("query", ["types=INVESTMENT,PAYMENT_ACCOUNT", "types=INVESTMENT&types=PAYMENT_ACCOUNT"])
@pytest.mark.parametrize("name", ["types", "types[]", "types%5B%5D"])
async def test_arrays_are_taken_in_every_form(desk: Desk, query: str, name: str) -> None:
    found = await desk.call("GET", f"/connectors?{query.replace('types', name)}")

    assert {row["type"] for row in found["results"]} == {"INVESTMENT", "PAYMENT_ACCOUNT"}


async def test_unknown_query_and_body_fields_are_ignored(desk: Desk) -> None:
    await desk.call("GET", "/connectors?color=blue&page=0x")

    item = await desk.post_item(linkTokenId="x", color={"of": "nothing"})

    assert item["status"] == "UPDATING"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/accounts", "itemId should not be null or undefined,itemId must be a UUID"),
        ("/accounts?itemId=7", "itemId must be a UUID"),
        ("/bills?accountId=00000000-0000-4000-8000-00000000dead&pageSize=x", "pageSize must be an integer number"),
        ("/connectors?sandbox=perhaps", "sandbox must be a boolean value"),
        ("/identity/7", "id must be a UUID"),
    ],
)
async def test_a_malformed_query_is_400_with_a_message_and_no_code_description(
    desk: Desk, path: str, message: str
) -> None:
    refusal = await desk.call("GET", path, 400)

    assert (refusal["code"], refusal["message"]) == (400, message)
    assert "codeDescription" not in refusal
    assert "detail" not in refusal


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff", b'{"connectorId": NaN, "parameters": {}}', b"null"])
async def test_a_malformed_body_is_400(desk: Desk, body: bytes) -> None:
    headers = {"content-type": "application/json"}

    refusal = await desk.call("POST", "/items", 400, content=body, headers=headers)

    assert refusal["code"] == 400


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/items", 405), ("GET", "/nothing", 404), ("PUT", "/webhooks", 405)]
)
async def test_paths_and_methods_that_do_not_exist_answer_in_pluggys_shape(
    desk: Desk, method: str, path: str, status: int
) -> None:
    refusal = await desk.call(method, path, status)

    assert refusal["code"] == status
    assert {"code", "message", "errorId"} == set(refusal)


async def test_asking_for_anything_but_json_is_406(desk: Desk) -> None:
    await desk.call("GET", "/connectors", 406, headers={"accept": "text/html"})
    await desk.call("GET", "/connectors", headers={"accept": "text/html, */*;q=0.1"})


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/items/{id}", "ITEM_NOT_FOUND"),
        ("/connectors/99999", "CONNECTOR_NOT_FOUND"),
        ("/accounts/{id}", "ACCOUNT_NOT_FOUND"),
        ("/transactions/{id}", "TRANSACTION_NOT_FOUND"),
        ("/consents/{id}", "CONSENT_NOT_FOUND"),
        ("/bills/{id}", "CREDIT_CARD_BILL_NOT_FOUND"),
        ("/investments/{id}", "INVESTMENT_NOT_FOUND"),
        ("/investments/{id}/transactions", "INVESTMENT_NOT_FOUND"),
        ("/loans/{id}", "LOAN_NOT_FOUND"),
        ("/identity/{id}", "IDENTITY_NOT_FOUND"),
        ("/identity?itemId={id}", "IDENTITY_NOT_FOUND"),
        ("/categories/98765432", "CATEGORY_NOT_FOUND"),
        ("/webhooks/{id}", "WEBHOOK_NOT_FOUND"),
        ("/accounts/{id}/balance", "ACCOUNT_NOT_FOUND"),
    ],
)
async def test_what_does_not_exist_is_404_with_its_own_code(desk: Desk, path: str, code: str) -> None:
    refusal = await desk.call("GET", path.replace("{id}", "00000000-0000-4000-8000-00000000dead"), 404)

    assert refusal["codeDescription"] == code


async def test_products_by_arrangement_are_403(desk: Desk) -> None:
    await desk.call("GET", "/income-reports", 403)
    await desk.call("GET", "/v2/items", 403)
