"""Every sentence of the mission's texts that Pluggy does otherwise today has a test that cites it as `Mission: …`."""

import ast
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.owners.principal import DEFAULT_SCOPES, Principal
from app.settings import SettingsError
from tests.connections.person import Person
from tests.http_support import KnownCaller, make_settings, running_api

TESTS = Path(__file__).parents[1]
FEATURES = (
    "the API key is kept 23 hours",
    "an expired key is refreshed",
    "PLUGGY_USE_SANDBOX tells sandbox and production apart",
    "webhooks are signed with PLUGGY_WEBHOOK_SECRET",
    "events item/updated, item/error and transactions/*",
    "states UPDATING, UPDATED, LOGIN_ERROR and others",
    "ERROR is a state",
    "WAITING_USER_INPUT asks for a code",
    "OUTDATED is tried again up to twice",
    "a task syncs every 12 hours",
    "a person syncs by hand",
    "update_credentials",
    "update_mfa",
    "the consent and its details",
    "a consent's validity is checked",
    "deleting revokes the consent",
    "transactions come in pages",
    "redirects are HTTPS",
    "a connection is made from the widget's item",
    "many transactions are categorised at once",
    "categories of one's own",
    "categories are provided by Pluggy",
)
WALKTHROUGH = (
    "links.create(...)",
    "items.create(linkTokenId=...)",
    "connectors.list(country='BR', oauth=True)",
    "ConnectorParameters(cpf=...)",
    "redirectUri",
    "redirect URIs are registered beforehand",
    "http://localhost is a redirect for tests",
    "the item holds the bank's address",
    "the bank calls back with code and state",
    "items.exchange_oauth_code(code, state)",
    "the state is the item's id",
    "after the exchange the item is UPDATING",
    "the loop ends in HEALTHY or PARTIAL_SUCCESS",
    "the loop ends in LOGIN_ERROR, INVALID_CREDENTIALS, ERROR or SUSPENDED",
    "the loop looks each 5 s for 300 s",
    "the loop gives up after 300 s",
    "transactions.list(item_id)",
    "webhook item.updated",
)
WORDS = (
    "the word HEALTHY",
    "the word PARTIAL_SUCCESS",
    "the word INVALID_CREDENTIALS",
    "the word LOGIN_ERROR",
    "the word SUSPENDED",
    "the word WAITING_USER_INPUT",
    "the word UPDATING",
    "the word OUTDATED or ERROR",
    "the word UNKNOWN",
)
CLAIMS = (*FEATURES, *WALKTHROUGH, *WORDS)


@pytest.fixture(scope="module")
def cited() -> str:
    """The docstrings of all tests, as one text: what a comment or a helper says is no test."""
    functions = (
        node
        for path in TESTS.rglob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )
    return " ".join(" ".join((ast.get_docstring(each) or "").split()) for each in functions)


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_is_cited_by_a_test(claim: str, cited: str) -> None:
    assert f"Mission: {claim}." in cited


def test_nothing_else_is_cited(cited: str) -> None:
    """A claim that is mistyped at its test would go unnoticed, were it cited twice."""
    without = cited
    for claim in CLAIMS:
        without = without.replace(f"Mission: {claim}.", "")

    assert re.findall(r"Mission: .{0,60}", without) == []


async def test_where_the_sandbox_is_off_the_widget_shows_none(person: Person, owner_id: UUID) -> None:
    """Mission: PLUGGY_USE_SANDBOX tells sandbox and production apart."""
    given = person.resources.settings
    settings = make_settings(
        redis_url=given.service.redis_url.get_secret_value(),
        pluggy_base_url=person.bank.url,
        pluggy_client_id=given.pluggy.client_id,
        pluggy_client_secret=given.pluggy.client_secret.get_secret_value(),
    )

    token = await call(settings, owner_id, "connections/create_connect_token/", {})

    assert token.status_code == 200
    assert token.json()["widget"]["includeSandbox"] is False
    assert "include_sandbox=false" in token.json()["connect_url"]


async def test_an_item_of_a_link_is_its_owners_and_no_link_is_named_in_it(person: Person, owner_id: UUID) -> None:
    """Mission: items.create(linkTokenId=...). The token is the link: whoever bears it makes the owner's item."""
    held = await person.connect()
    item = await person.bank.api("GET", f"/items/{held['item_id']}")
    body = {"connector_id": 600, "parameters": {"cpf": "761.092.776-73"}, "linkTokenId": "a-link"}

    problem = await person.ask("POST", "/connections/oauth/", body, expect=422)

    assert item["clientUserId"] == str(owner_id)
    assert problem["code"] == "invalid_request"


@pytest.mark.parametrize("name", ["oauth_redirect_uris", "oauth_return_urls"])
def test_plain_http_is_a_redirect_with_the_stand_in_alone(name: str) -> None:
    """Mission: http://localhost is a redirect for tests. Pluggy itself refuses it."""
    local: dict[str, Any] = {name: "http://localhost:3000/back,caixahub://back,https://app.example.com/back"}

    assert make_settings(**local)
    for refused in ({**local, "pluggy_base_url": "https://api.pluggy.ai"}, {name: "http://app.example.com/back"}):
        with pytest.raises(SettingsError, match="take https:// or deep links"):
            make_settings(**refused)


async def test_what_the_bank_brings_along_is_never_needed(client: httpx.AsyncClient) -> None:
    """Mission: the bank calls back with code and state. Without a state of ours the code leads nowhere."""
    answer = await client.get("/pluggy/callback", params={"code": "4/0Ab", "state": "forged"})

    assert (answer.status_code, "4/0Ab" in answer.text) == (400, False)


async def call(settings: Any, owner_id: UUID, path: str, body: dict[str, Any]) -> httpx.Response:
    """Ask a service with other settings."""
    caller = KnownCaller(principal=Principal(owner_id, DEFAULT_SCOPES, "person"))
    async with running_api(settings, caller=caller) as (_, http):
        return await http.post(f"/api/banking/{path}", json=body, headers={"Authorization": "Bearer good"})
