"""Nothing that a client sends gives a 5xx that was not asked for."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox.app import create_app
from tests.sandbox.desk import KEYS, OK_CPF
from tests.sandbox.serving import serving

REAL = create_app()
CONTROL: Any = next(route for route in REAL.routes if getattr(route, "path", "") == "/_control")
DOCUMENTS = {"": REAL.openapi(), "/_control": CONTROL.app.openapi()}
EXCEPT = ("POST /faults", "POST /clock")  # one asks for 5xx, the other for years of data; both have their own tests


def operations() -> Iterator[Any]:
    """Every operation of both documents, as a test parameter."""
    for prefix, document in DOCUMENTS.items():
        for result in schemathesis.openapi.from_dict(document).get_all_operations():
            operation: Any = result.ok()  # type: ignore[union-attr]  # an Err means a broken document: let it raise
            if operation.label not in EXCEPT:
                yield pytest.param(prefix, operation, id=f"{operation.method.upper()} {prefix}{operation.path}")


BOUNDED = settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def opened() -> Iterator[httpx.Client]:
    """A stand-in behind a real server: schemathesis calls synchronously."""
    with serving("robust") as address, httpx.Client(base_url=address, trust_env=False, timeout=20) as opened:
        yield opened


@pytest.fixture
def client(opened: httpx.Client) -> httpx.Client:
    """A client with a key and two items, made again when an earlier request threw them away."""
    opened.patch("/_control/settings", json={"rateLimits": False})
    held = opened.get("/_control/items").json()["results"]
    if len([item for item in held if item["status"] == "UPDATED"]) == 0 or opened.get("/connectors").status_code != 200:
        opened.post("/_control/reset", json={"seed": "robust"})
        opened.headers["X-API-KEY"] = opened.post("/auth", json=KEYS).json()["apiKey"]
        for connector, parameters in ((2, {"user": "user-ok", "password": "password-ok"}), (600, {"cpf": OK_CPF})):
            opened.post("/items", json={"connectorId": connector, "parameters": parameters})
        opened.post("/_control/clock", json={"seconds": 10})
    return opened


def known_ids(client: httpx.Client) -> list[str]:
    """Ids that exist, so that not every generated request ends in a 404."""
    held = client.get("/_control/items").json()["results"]
    items = [item["id"] for item in sorted(held, key=lambda item: item["status"] != "UPDATED")][:2]
    accounts = client.get("/accounts", params={"itemId": items[0]}).json()["results"]
    rows = client.get("/v2/transactions", params={"accountId": accounts[0]["id"]}).json()["results"]
    return [*items, *(account["id"] for account in accounts), rows[0]["id"], "2", "600"]


@pytest.mark.parametrize(("prefix", "operation"), list(operations()))
def test_no_generated_request_gives_a_server_error(client: httpx.Client, prefix: str, operation: Any) -> None:
    ids = known_ids(client)

    @BOUNDED
    @given(case=operation.as_strategy(), known=st.sampled_from(ids), use_known=st.booleans())
    def run(case: Any, known: str, use_known: bool) -> None:
        if use_known:
            case.path_parameters = dict.fromkeys(case.path_parameters or {}, known)
        headers = dict(client.headers) | {"X-API-KEY": client.headers["X-API-KEY"]}
        response = case.call(base_url=f"{client.base_url}{prefix}".replace("//_", "/_"), headers=headers)
        assert response.status_code < 500, (response.status_code, response.text)

    run()


ANY_TEXT = st.text(max_size=40)  # lone surrogates are left to the raw bodies
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "connectorId",
    "parameters",
    "user",
    "password",
    "token",
    "cpf",
    "webhookUrl",
    "oauthRedirectUri",
    "products",
    "url",
    "event",
    "headers",
    "clientUserId",
    "itemId",
    "options",
    "avoidDuplicates",
    "categoryId",
    "description",
    "enabled",
    "clientId",
    "clientSecret",
    "ids",
    "rows",
    "status",
    "seconds",
    "now",
    "outcome",
    "verdict",
    "kind",
)
BODIES = st.dictionaries(st.sampled_from(NAMES), ANY_JSON, max_size=5)
RAW = st.sampled_from(
    [
        b'{"clientId":"\\ud800","clientSecret":"x"}',
        b'{"parameters":{"user":"user-\\ud800x","password":"\\udfff-password"},"connectorId":2}',
        b"[" * 5000,
        b'{"connectorId":1e999,"parameters":{}}',
        b'{"connectorId":' + b"9" * 5000 + b',"parameters":{}}',
        b"\x00",
        b'{"url":"https://\\ud800.com","event":"all"}',
        b'{"url":"https://a.com/\\u0000","event":"all","headers":{"a":"\\ud800"}}',
        b'{"rows":[{"date":"2026-01-01","description":"\\ud800","amount":1}]}',
        b'{"rows":[{"date":"9999-12-31T23:59:59Z","description":"x","amount":1e400}]}',
        b'{"seed":"\\ud800"}',
        b'{"token":"\\ud800"}',
    ]
)
WRITES = (
    "POST /auth",
    "POST /connect_token",
    "POST /items",
    "PATCH /items/{0}",
    "POST /items/{0}/mfa",
    "POST /webhooks",
    "POST /connectors/2/validate",
    "POST /categories/rules",
    "PATCH /transactions/{3}",
    "POST /oauth/authorize",
    "POST /_control/reset",
    "POST /_control/accounts/{2}/transactions",
    "POST /_control/transactions/{3}/restate",
    "PATCH /_control/transactions/{3}",
    "POST /_control/events",
    "PATCH /_control/settings",
    "POST /_control/webhook-rules",
    "PATCH /_control/items/{0}",
    "POST /_control/items/{0}/next-run",
)


@pytest.mark.parametrize("write", WRITES)
def test_no_body_whatever_gives_a_server_error(client: httpx.Client, write: str) -> None:
    method, path = write.format(*known_ids(client)).split()

    @BOUNDED
    @given(body=BODIES | ANY_JSON)
    def run(body: object) -> None:
        response = client.request(method, path, content=json.dumps(body), headers={"content-type": "application/json"})
        assert response.status_code < 500, (response.status_code, response.text)

    run()


@pytest.mark.parametrize("write", WRITES)
def test_no_hostile_bytes_give_a_server_error(client: httpx.Client, write: str) -> None:
    method, path = write.format(*known_ids(client)).split()

    @BOUNDED
    @given(body=RAW)
    def run(body: bytes) -> None:
        response = client.request(method, path, content=body, headers={"content-type": "application/json"})
        assert response.status_code < 500, (response.status_code, response.text)

    run()


HOSTILE_VALUES = (
    "%00",
    "%ED%A0%80",
    "%FF",
    "9" * 400,
    "2026-01-01T00:00:00+99:99",
    "0001-01-01",
    "-1",
    "1e9",
    "'",
    "{}",
)


@pytest.mark.parametrize(
    "path",
    [
        "/connectors",
        "/accounts",
        "/v2/transactions",
        "/bills",
        "/merchants",
        "/consents",
        "/oauth/authorize",
        "/statements/a/b",
    ],
)
def test_no_query_gives_a_server_error(client: httpx.Client, path: str) -> None:
    account = known_ids(client)[2]
    names = (
        "name",
        "types",
        "itemId",
        "accountId",
        "ids",
        "dateFrom",
        "dateTo",
        "createdAtFrom",
        "after",
        "page",
        "pageSize",
        "cnpjs",
        "token",
        "expires",
    )
    for name, value in itertools.product(names, HOSTILE_VALUES):
        about = "" if name == "accountId" else f"accountId={account}&"

        response = client.get(f"{path}?{about}{name}={value}")

        assert response.status_code < 500, (name, response.text)
