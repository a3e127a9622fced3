"""The authorisation matrix (R53, R55): every route of the OpenAPI document × every kind of caller."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.database import transaction
from app.main import create_app
from app.owners.authentication import Authenticator
from app.owners.keys import KeySet
from app.owners.principal import SCOPES
from app.owners.tokens import TokenVerifier
from app.rates import RateLimiter
from app.resources import Resources
from app.routing import RoutePolicy, policy_table
from app.settings import Settings
from tests.http_support import make_settings, running_api
from tests.owners import matrix
from tests.owners.identity_provider import JWKS_URL, IdentityProvider
from tests.stand_in import StandIn

APP = create_app(make_settings())
DOCUMENT = APP.openapi()
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
POLICIES = {(line.method, line.path): line for line in policy_table(APP)}
GUARDED = [key for key, line in POLICIES.items() if line.policy.scope_needed is not None]
OPEN = [key for key, line in POLICIES.items() if line.policy.scope_needed is None]
OF_OWNERS = [key for key in GUARDED if set(matrix.names_in(key[1])) & set(matrix.FACTORIES)]
NOBODYS = {name: UUID(int=7 << 76 | 1 << 63) for name in matrix.FACTORIES}
"""Ids of rows that never were."""

CREDENTIALS = {"password", "parameters", "code", "state", "value", "secret"}
"""Names under which the API takes credentials."""

SECRETS = {"secret", "connect_token", "token", "ticket", "state"}
"""Names under which it hands out secrets."""


class Told(NamedTuple):
    status: int
    code: str | None
    text: str


class Api:
    """The API with its real verification of tokens, and callers of each kind."""

    def __init__(self, app: FastAPI, http: httpx.AsyncClient, provider: IdentityProvider) -> None:
        self.app, self._http, self._provider = app, http, provider

    def token(self, subject: str, scopes: frozenset[str] = SCOPES, **claims: Any) -> str:
        return self._provider.token(subject, scope=" ".join(sorted(scopes)), **claims)

    async def ask(
        self, key: tuple[str, str], ids: matrix.Ids, token: str | None, *, with_filters: bool = False
    ) -> Told:
        method, path = key
        operation = OPERATIONS[key]
        url = matrix.filled(path, ids)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if "text/event-stream" in operation["responses"].get("200", {}).get("content", {}):
            return await self._opened(url, headers)
        body = matrix.example_body(operation, DOCUMENT, ids)
        query = matrix.id_filters(operation, ids) if with_filters else None
        answer = await self._http.request(method, url, headers=headers, json=body, params=query)
        is_problem = answer.headers.get("content-type") == "application/problem+json"
        return Told(answer.status_code, answer.json()["code"] if is_problem else None, answer.text)

    async def _opened(self, url: str, headers: dict[str, str]) -> Told:
        """The beginning of an answer that never ends: its status, and the first part of its body; then we hang up."""
        seen: list[Any] = []
        begun = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await begun.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            seen.append(message)
            if message.get("body") or message["type"] == "http.response.body" or seen[0]["status"] == 200:
                begun.set()

        built = self._http.build_request("GET", url, headers=headers)
        asgi = {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": url, "query_string": b"",
            "headers": [(name.lower(), value) for name, value in built.headers.raw], "client": ("127.0.0.1", 1),
        }  # fmt: skip
        await asyncio.wait_for(self.app(asgi, receive, send), 10)
        text = b"".join(message.get("body", b"") for message in seen[1:]).decode()
        status = seen[0]["status"]
        return Told(status, json.loads(text)["code"] if status >= 400 else None, text)


@pytest.fixture(scope="module")
def provider() -> IdentityProvider:
    return IdentityProvider()


@pytest.fixture(scope="module")
async def served(settings: Settings) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    async with running_api(settings) as both:
        yield both


@pytest.fixture
def api(served: tuple[FastAPI, httpx.AsyncClient], resources: Resources, provider: IdentityProvider) -> Api:
    app, http = served
    verifier = TokenVerifier(resources.settings.auth, KeySet(JWKS_URL, provider.http()))
    app.state.resources = resources
    app.state.authenticator = Authenticator(verifier, resources.sessions, resources.vault)
    app.state.limiter = RateLimiter(resources.redis, {})  # one address asks for all callers here
    return Api(app, http, provider)


@pytest.fixture
async def hers(resources: Resources, owner_id: UUID) -> matrix.Ids:
    """Ids of one row of each kind, all of them ana's."""
    async with transaction(resources.sessions, owner_id) as session:
        return await matrix.make_everything(session, owner_id)


def name_of(key: Any) -> str:
    return " ".join(key).replace("/api/banking/", "")


def line_of(key: tuple[str, str]) -> RoutePolicy:
    return POLICIES[key]


def names_of_fields(bodies: list[dict[str, Any]]) -> Iterator[str]:
    schemas = [each.get("content", {}).get("application/json", {}).get("schema") for each in bodies]
    return matrix.property_names(schemas, DOCUMENT)


def test_the_document_and_the_policy_table_name_the_same_routes() -> None:
    """R55."""
    assert set(OPERATIONS) == {key for key, line in POLICIES.items() if line.is_documented}


def test_a_route_that_the_document_hides_is_open_to_all() -> None:
    """What is guarded is documented, and so is tried below."""
    assert [key for key, line in POLICIES.items() if not line.is_documented and line.policy.scope_needed] == []


def test_the_policy_table_refuses_a_route_without_policy() -> None:
    """R55."""
    app = create_app(make_settings())
    app.post("/api/banking/sneaky/")(lambda: None)

    with pytest.raises(TypeError, match="sneaky"):
        policy_table(app)


def test_every_guarded_route_has_a_limit() -> None:
    """R62."""
    assert [key for key in GUARDED if line_of(key).rate is None] == []


def test_no_answer_is_kept_of_a_route_that_passes_secrets() -> None:
    """R60: such a POST says `repeats_because`, or its secret would lie in the database for a day."""
    careless = {}
    for key, line in POLICIES.items():
        if line.is_done_once:
            operation = OPERATIONS[key]
            answers = [answer for status, answer in operation["responses"].items() if status < "3"]
            found = CREDENTIALS.intersection(names_of_fields([operation.get("requestBody", {})]))
            if found := found | SECRETS.intersection(names_of_fields(answers)):
                careless[name_of(key)] = found

    assert careless == {}


@pytest.mark.parametrize("key", GUARDED, ids=name_of)
async def test_without_a_sound_token_that_bears_the_scope_nothing_else_is_looked_at(
    key: tuple[str, str], api: Api, owner_id: UUID
) -> None:
    """The row is not there and the refusal is none of 404: nothing was read."""
    expired = api.token("ana", iat=int(time.time()) - 7200, exp=int(time.time()) - 3600)
    narrow = api.token("ana", SCOPES - {str(line_of(key).policy.scope_needed)})

    told = [(await api.ask(key, NOBODYS, token))[:2] for token in (None, "rubbish", expired, narrow)]

    assert told == [
        (401, "not_authenticated"),
        (401, "invalid_token"),
        (401, "invalid_token"),
        (403, "insufficient_scope"),
    ]


@pytest.mark.parametrize("key", OF_OWNERS, ids=name_of)
async def test_another_owners_row_is_as_absent_as_one_that_never_was(
    key: tuple[str, str], api: Api, hers: matrix.Ids, other_owner_id: UUID
) -> None:
    """R53: the same 404, so that nobody learns which ids exist."""
    foreign = await api.ask(key, hers, api.token("bruno"))
    absent = await api.ask(key, NOBODYS, api.token("bruno"))

    assert (foreign.status, absent.status) == (404, 404)
    assert foreign.code == absent.code
    assert str(foreign.code).endswith("_not_found")


@pytest.mark.parametrize("key", [key for key in GUARDED if key not in OF_OWNERS], ids=name_of)
async def test_a_list_and_a_request_that_names_rows_tell_nothing_of_another_owner(
    key: tuple[str, str], api: Api, hers: matrix.Ids, stand_in: StandIn, other_owner_id: UUID
) -> None:
    """R53."""
    told = [await api.ask(key, hers, api.token("bruno"), with_filters=each) for each in (False, True)]

    for each in told:
        sent = matrix.example_body(OPERATIONS[key], DOCUMENT, hers) or {}
        shown = [name for name, row in hers.items() if str(row) in each.text and each.status < 300]
        assert (shown, each.status < 500) == ([], True), (each, sent)


@pytest.mark.parametrize("key", GUARDED, ids=name_of)
async def test_the_owner_with_that_scope_alone_is_let_in(
    key: tuple[str, str], api: Api, hers: matrix.Ids, stand_in: StandIn
) -> None:
    needed = line_of(key).policy.scope_needed
    also = matrix.ALSO_NEEDED.get(OPERATIONS[key]["operationId"], set())

    told = await api.ask(key, hers, api.token("ana", frozenset({str(needed), *also})))

    if key[0] == "GET":
        assert told.status == 200, told
    else:
        assert told.status < 500, told
        assert told.status not in {401, 403, *([404] if key in OF_OWNERS else [])}, told


@pytest.mark.parametrize("key", [key for key in OPEN if key in OPERATIONS], ids=name_of)
async def test_an_open_route_asks_for_no_token_of_ours(key: tuple[str, str], api: Api, hers: matrix.Ids) -> None:
    told = await api.ask(key, hers, None)

    assert told.code not in {"not_authenticated", "invalid_token", "insufficient_scope"}
