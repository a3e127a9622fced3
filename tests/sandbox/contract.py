"""Each endpoint's answer held against the two descriptions of the real API: Pluggy's own and the community SDK's."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from tests.sandbox.desk import HOOK, KEYS, OK_CPF, Desk, Json

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT.parent / "shared" / "data" / "pluggy-openapi.json"
# Where Pluggy's document contradicts itself or the live API: the reason instead of a verdict.
DOCUMENT_IS_WRONG = {
    "GET /categories": "its schema is an array of categories, its text and the SDK say a page",
    "GET /categories/rules": "its schema is an array of pages, the SDK says a page",
    "GET /items/{id} (OAuth)": "its enum of credential types has no `oauth`, the live API sends it",
}
SDK_CANNOT = {
    "GET /items/{id} (OAuth)": "its enum of credential types has no `oauth`",
}


@dataclass(frozen=True)
class Exchange:
    """One call: its name, the path template in Pluggy's document, the SDK's model, and the answer."""

    name: str
    model: str | None
    answer: httpx.Response

    @property
    def template(self) -> tuple[str, str]:
        method, path = self.name.split(" ")[:2]
        return method.lower(), path


async def exchanges(desk: Desk) -> list[Exchange]:
    """A call to every endpoint, against an item with everything and one that waits for OAuth."""
    waiting = await desk.settled_item(OK_CPF, 600, products=None)
    item = await desk.settled_item("user-ok-account-warning", products=None)
    ids = await _ids(desk, item)
    made: list[Exchange] = []

    async def call(name: str, model: str | None, path: str | None = None, **kwargs: Any) -> httpx.Response:
        method, template = name.split(" ")[:2]
        answer = await desk.http.request(method, path or template.replace("{id}", item["id"]), **kwargs)
        made.append(Exchange(name, model, answer))
        return answer

    await call("POST /auth", "AuthResponse", json=KEYS)
    await call("POST /connect_token", "ConnectTokenResponse", json={"options": {"clientUserId": "u"}})
    await call("GET /connectors", "ConnectorListResponse", "/connectors?sandbox=true&healthDetails=true")
    await call("GET /connectors/{id}", "Connector", "/connectors/619")
    await call("POST /connectors/{id}/validate", "ParameterValidationResponse", "/connectors/2/validate", json={})
    await _call_items(call, desk, item, waiting)
    await _call_reads(call, ids)
    await _call_categories_and_webhooks(call, ids)
    for method, template in await endpoints(desk, tag="Not enabled"):
        await call(f"{method} {template}", None, re.sub(r"\{\w+\}", item["id"], template))
    await call("DELETE /items/{id}", "ICountResponse")
    return made


async def endpoints(desk: Desk, *, tag: str | None = None) -> list[tuple[str, str]]:
    """The method and path of every endpoint that the stand-in serves, or of those with a tag."""
    served = (await desk.call("GET", "/openapi.json"))["paths"]
    return [
        (method.upper(), path)
        for path, operations in served.items()
        for method, operation in operations.items()
        if tag is None or tag in operation.get("tags", [])
    ]


def described_endpoints() -> set[tuple[str, str]]:
    """What Pluggy's document describes besides payments, which are no part of the stand-in."""
    return {
        (method.upper(), path)
        for path, operations in _document()["paths"].items()
        for method in operations
        if not path.startswith(("/payments/", "/smart-transfers/", "/boleto"))
    }


async def _ids(desk: Desk, item: Json) -> dict[str, str]:
    accounts = (await desk.call("GET", "/accounts", params={"itemId": item["id"]}))["results"]
    card = next(account["id"] for account in accounts if account["type"] == "CREDIT")

    async def first(path: str) -> str:
        id_: str = (await desk.call("GET", path))["results"][0]["id"]
        return id_

    return {
        "item": item["id"],
        "account": accounts[0]["id"],
        "card": card,
        "bill": await first(f"/bills?accountId={card}"),
        "transaction": await first(f"/v2/transactions?accountId={accounts[0]['id']}"),
        "investment": await first(f"/investments?itemId={item['id']}"),
        "loan": await first(f"/loans?itemId={item['id']}"),
        "consent": await first(f"/consents?itemId={item['id']}"),
        "identity": (await desk.call("GET", f"/identity?itemId={item['id']}"))["id"],
        "category": await first("/categories"),
    }


async def _call_items(call: Any, desk: Desk, item: Json, waiting: Json) -> None:
    body = {"connectorId": 5, "parameters": {"user": "user-ok", "password": "password-ok"}}
    prompted = (await call("POST /items", "Item", json=body)).json()
    await desk.advance(2)
    await call("GET /items/{id}", "Item")
    await call("GET /items/{id} (MFA)", "Item", f"/items/{prompted['id']}")
    await call("GET /items/{id} (OAuth)", "Item", f"/items/{waiting['id']}")
    await call("POST /items/{id}/mfa", "Item", f"/items/{prompted['id']}/mfa", json={"token": "123456"})
    await call("PATCH /items/{id}/disable-auto-sync", "Item")
    by_arrangement = {"listItemsEnabled": True, "v1Transactions": "legacy"}
    await desk.control("PATCH", "/settings", {"minUpdateIntervalHours": 0, **by_arrangement})
    await call("PATCH /items/{id}", "Item", json={})
    await desk.advance(10)
    await call("GET /v2/items", "CursorPageResponseItems", "/v2/items?connectorId=5")
    await desk.decide(waiting, "approve")
    await desk.advance(10)
    await call("GET /items/{id}/resources", "ItemsResources200Response", f"/items/{waiting['id']}/resources")
    await call("GET /consents", "PageResponseConsents", f"/consents?itemId={waiting['id']}")


async def _call_reads(call: Any, ids: dict[str, str]) -> None:
    item, account, card = f"itemId={ids['item']}", f"accountId={ids['account']}", f"accountId={ids['card']}"
    await call("GET /consents/{id}", "Consent", f"/consents/{ids['consent']}")
    await call("GET /accounts", "AccountsList200Response", f"/accounts?{item}")
    await call("GET /accounts/{id}", "Account", f"/accounts/{ids['card']}")
    await call("GET /accounts/{id}/balance", "AccountBalanceGet200Response", f"/accounts/{ids['account']}/balance")
    path = f"/accounts/{ids['account']}/statements"
    await call("GET /accounts/{id}/statements", "AccountStatementsList200Response", path)
    await call("GET /bills", "BillsList200Response", f"/bills?{card}")
    await call("GET /bills/{id}", "Bill", f"/bills/{ids['bill']}")
    await call("GET /v2/transactions (bank)", "CursorPageResponseTransactions", f"/v2/transactions?{account}")
    await call("GET /v2/transactions (card)", "CursorPageResponseTransactions", f"/v2/transactions?{card}")
    await call("GET /transactions", "PageResponseTransactions", f"/transactions?{account}")
    await call("GET /transactions/{id}", "Transaction", f"/transactions/{ids['transaction']}")
    path = f"/transactions/{ids['transaction']}"
    await call("PATCH /transactions/{id}", "Transaction", path, json={"categoryId": ids["category"]})
    await call("GET /investments", "InvestmentsList200Response", f"/investments?{item}")
    await call("GET /investments/{id}", "Investment", f"/investments/{ids['investment']}")
    path = f"/investments/{ids['investment']}/transactions"
    await call("GET /investments/{id}/transactions", "PageResponseInvestmentTransactions", path)
    await call("GET /loans", "LoansList200Response", f"/loans?{item}")
    await call("GET /loans/{id}", "Loan", f"/loans/{ids['loan']}")
    await call("GET /identity", "IdentityResponse", f"/identity?{item}")
    await call("GET /identity/{id}", "IdentityResponse", f"/identity/{ids['identity']}")
    await call("GET /merchants", "MerchantsGetByCnpj200Response", "/merchants?cnpjs=00000000000191,1")


async def _call_categories_and_webhooks(call: Any, ids: dict[str, str]) -> None:
    await call("GET /categories", "PageResponseCategories")
    await call("GET /categories/{id}", "Category", f"/categories/{ids['category']}")
    body = {"description": "uber", "categoryId": ids["category"]}
    rule = (await call("POST /categories/rules", "ClientCategoryRule", json=body)).json()
    await call("GET /categories/rules", "PageResponseCategoryRules")
    await call("DELETE /categories/rules/{id}", None, f"/categories/rules/{rule['id']}")
    webhook = (await call("POST /webhooks", "Webhook", json={"url": HOOK, "event": "item/created"})).json()
    path = f"/webhooks/{webhook['id']}"
    await call("GET /webhooks", "WebhooksList200Response")
    await call("GET /webhooks/{id}", "Webhook", path)
    await call("PATCH /webhooks/{id}", "Webhook", path, json={"enabled": True})
    await call("DELETE /webhooks/{id}", "ICountResponse", path)


@cache
def _document() -> Any:
    return _with_nulls(json.loads(DOCUMENT.read_text(encoding="utf-8")))


def _with_nulls(node: Any) -> Any:
    """The document with null allowed for every optional property: it marks almost none, the live API sends many."""
    if isinstance(node, list):
        return [_with_nulls(part) for part in node]
    if not isinstance(node, dict):
        return node
    changed = {name: _with_nulls(part) for name, part in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type", "object") == "object":
        required = node.get("required", [])
        for name, schema in changed["properties"].items():
            if name not in required:
                changed["properties"][name] = {"anyOf": [schema, {"type": "null"}]}
    return changed


def document_errors(exchange: Exchange) -> Iterator[str] | None:
    """What Pluggy's document has against the answer; None when it does not know the endpoint."""
    method, path = exchange.template
    operation = _document()["paths"].get(path, {}).get(method)
    if operation is None:
        return None
    described = operation["responses"].get(str(exchange.answer.status_code))
    if described is None:
        return iter([f"status {exchange.answer.status_code} is not described"])
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return iter([])
    validator = Draft202012Validator({"components": _document()["components"], **schema})
    return (f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(exchange.answer.json()))


def sdk_error(exchange: Exchange) -> str | None:
    """Why the SDK's model does not take the answer; None when it does."""
    model = getattr(import_module("pluggy_sdk.models"), exchange.model or "")
    try:
        parsed = model.from_json(exchange.answer.text)
    except ValueError as error:
        return str(error)[:300]
    return None if parsed is not None else "nothing was parsed"
