"""What every request meets at the edge and in its route."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from uuid import uuid4

import httpx
import pytest
from starlette.requests import HTTPConnection

from app.http import client_address
from app.routing import make_router, public, requires, routes_without_policy
from tests.http_support import OWNER_ID, KnownCaller, make_settings, running_api

GREETINGS = "/api/banking/greetings/"
GOOD = {"Authorization": "Bearer good"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with running_api(make_settings(cors_origins="https://app.example"), caller=KnownCaller()) as (_, client):
        yield client


async def test_both_spellings_of_a_path_answer_alike_without_a_redirect(client: httpx.AsyncClient) -> None:
    greeting = f"{GREETINGS}{uuid4()}"

    answers = [await client.get(path, headers=GOOD) for path in (greeting, greeting + "/")]
    probes = [await client.get(path) for path in ("/healthz", "/healthz/")]

    assert [answer.status_code for answer in answers + probes] == [200] * 4
    assert answers[0].json() == answers[1].json()


async def test_the_description_lists_each_path_once(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/banking/openapi.json")).json()

    paths = list(document["paths"])
    assert "/api/banking/greetings/{number}/" in paths
    assert len({path.rstrip("/") for path in paths}) == len(paths)
    assert all(path.endswith("/") for path in paths if path.startswith("/api/banking/"))


async def test_a_good_request_reaches_its_route_as_its_owner(client: httpx.AsyncClient) -> None:
    answer = await client.post(GREETINGS, json={"name": "Ana"}, headers=GOOD)

    assert answer.json() == {"owner": str(OWNER_ID), "name": "Ana", "amount": "0"}


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", GREETINGS, b"{"),
        ("POST", GREETINGS, b'{"surprise": 1}'),
        ("POST", GREETINGS, b"x" * 100_000),
        ("POST", GREETINGS + "?unknown=1", b""),
        ("GET", GREETINGS + "not-a-uuid/?limit=0", b""),
    ],
)
async def test_without_a_token_nothing_else_is_looked_at(
    client: httpx.AsyncClient, method: str, path: str, content: bytes
) -> None:
    """R70: 401 stands before every other refusal."""
    answer = await client.request(method, path, content=content, headers={"Content-Type": "text/plain"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "not_authenticated"


async def test_a_missing_scope_is_named_before_the_body_is_read() -> None:
    caller = KnownCaller(frozenset({"connections:read"}))
    async with running_api(make_settings(), caller=caller) as (_, client):
        answer = await client.post(GREETINGS, content=b"{", headers=GOOD)

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert 'scope="connections:write"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"name": "Ana", "amount": NaN}',
        b'{"name": "Ana", "amount": -Infinity}',
        b'{"name": "Ana", "amount": 1e999999999}',
        b'{"name": "Ana", "name": "Bia"}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        '{"name": "Ana"}'.encode("utf-16"),
        b"[" * 50_000,
    ],
)
async def test_a_body_that_is_not_json_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(GREETINGS, content=body, headers={**GOOD, "Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_a_character_beyond_the_basic_plane_may_be_escaped(client: httpx.AsyncClient) -> None:
    body = b'{"name": "Ana \\ud83d\\ude00", "amount": 1.5}'

    answer = await client.post(GREETINGS, content=body, headers={**GOOD, "Content-Type": "application/json"})

    assert answer.json()["name"] == "Ana 😀"


async def test_a_number_in_a_body_never_passes_through_a_float(client: httpx.AsyncClient) -> None:
    """R29."""
    exact = "0.1000000000000000055511151231257827"

    answer = await client.post(
        GREETINGS,
        content=f'{{"name": "Ana", "amount": {exact}}}'.encode(),
        headers={**GOOD, "Content-Type": "application/json; charset=utf-8"},
    )

    assert answer.json()["amount"] == exact


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient, content_type: str) -> None:
    answer = await client.post(GREETINGS, content=b'{"name": "Ana"}', headers={**GOOD, "Content-Type": content_type})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_an_unknown_query_parameter_is_refused_and_the_known_ones_are_told(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{GREETINGS}{uuid4()}/?limit=5&canary7=1", headers=GOOD)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"] == [
        {
            "pointer": "/query",
            "detail": "There is a parameter that is not known here. Known: cursor, limit, tone.",
            "user_message": None,
        }
    ]


async def test_an_unknown_field_is_refused_and_the_known_ones_are_told(client: httpx.AsyncClient) -> None:
    """Its own name is not repeated: it may be anything."""
    answer = await client.post(GREETINGS, json={"nome": "Ana"}, headers=GOOD)

    assert answer.status_code == 422
    assert [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]] == [
        ("/body/name", "This is required."),
        ("/body", "There is a field that is not known here. Known: amount, name, parameters."),
    ]


async def test_an_oversized_body_is_refused_by_its_declared_length(client: httpx.AsyncClient) -> None:
    """R62."""
    answer = await client.post(GREETINGS, json={"name": "x" * 65_536}, headers=GOOD)

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def test_an_oversized_body_is_cut_off_while_it_streams_in(client: httpx.AsyncClient) -> None:
    """R62: without a declared length no more than the allowance is ever taken in."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 10_000_000:
            taken += 4096
            yield b"x" * 4096

    answer = await client.post(GREETINGS, content=endless(), headers={**GOOD, "Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert taken <= 64 * 1024 + 2 * 4096


async def test_a_body_of_the_allowed_size_passes(client: httpx.AsyncClient) -> None:
    body = b'{"name": "' + b"x" * (64 * 1024 - 12) + b'"}'

    answer = await client.post(GREETINGS, content=body, headers={**GOOD, "Content-Type": "application/json"})

    assert (len(body), answer.status_code) == (64 * 1024, 200)


async def test_unknown_paths_and_methods_are_problems(client: httpx.AsyncClient) -> None:
    absent = await client.get("/api/banking/nothing")
    wrong = await client.delete(GREETINGS, headers=GOOD)

    assert (absent.status_code, absent.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "method_not_allowed", "POST")
    assert absent.headers["content-type"] == wrong.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "connections/01890000-0000-7000-8000-000000000001/", "DELETE, GET"),
        ("GET", "connections/oauth/", "POST"),
        ("PATCH", "transactions/changes/", "GET"),
        ("GET", "connections/create_from_item", "POST"),
    ],
)
async def test_a_method_that_no_route_of_the_path_takes_is_told_which_ones_do(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    """A path of its own is never taken for the id in a pattern that it fits too."""
    answer = await client.request(method, f"/api/banking/{path}", headers=GOOD)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_a_request_id_is_taken_over_when_sane_and_made_otherwise(client: httpx.AsyncClient) -> None:
    given = await client.get("/nothing", headers={"X-Request-ID": "mobile-2026.11_07"})
    insane = await client.get("/nothing", headers={"X-Request-ID": "a b\t<script>"})

    assert given.headers["x-request-id"] == given.json()["request_id"] == "mobile-2026.11_07"
    assert insane.headers["x-request-id"] == insane.json()["request_id"]
    assert insane.headers["x-request-id"].isalnum()


async def test_every_answer_bears_the_security_headers(client: httpx.AsyncClient) -> None:
    """R76."""
    for path in ("/healthz", "/nothing", GREETINGS):
        headers = (await client.get(path)).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_only_configured_origins_may_read_answers(client: httpx.AsyncClient) -> None:
    """R76."""
    ours = await client.get("/healthz", headers={"Origin": "https://app.example"})
    foreign = await client.get("/healthz", headers={"Origin": "https://app.example.evil"})

    assert ours.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in foreign.headers


async def test_the_docs_load_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/banking/docs")
    assets = [word.split('"')[0] for word in page.text.replace('src="', 'href="').split('href="')[1:]]

    answers = [await client.get(asset) for asset in assets]

    assert len(assets) == 4
    assert all(asset.startswith("/api/banking/docs/assets/") for asset in assets)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert (await client.get("/api/banking/docs/assets/README.md")).status_code == 404


async def test_the_description_tells_who_may_call_and_what_refuses(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/banking/openapi.json")).json()
    operation = document["paths"]["/api/banking/greetings/"]["post"]

    assert document["openapi"].startswith("3.1")
    assert operation["operationId"] == "greet"
    assert operation["security"] == [{"bearer": ["connections:write"]}]
    assert set(operation["responses"]) == {"200", "400", "401", "403", "409", "413", "415", "422", "429", "503"}
    refusal = operation["responses"]["401"]["content"]["application/problem+json"]
    assert refusal["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert set(refusal["examples"]) == {"not_authenticated", "invalid_token"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_a_route_without_a_policy_cannot_be_made() -> None:
    """R55."""
    router = make_router("careless")

    with pytest.raises(TypeError, match="needs one policy"):
        router.get("/open/")(lambda: None)
    with pytest.raises(TypeError, match="needs one policy"):
        router.get("/both/", dependencies=[public("?"), requires("accounts:read")])(lambda: None)


async def test_a_route_added_beside_the_policies_is_found() -> None:
    """R55."""
    async with running_api(make_settings()) as (app, _):
        before = routes_without_policy(app)
        app.get("/api/banking/sneaky/")(lambda: None)
        after = routes_without_policy(app)

    assert (before, after) == ([], ["/api/banking/sneaky/"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),  # not our proxy: its header says nothing
        ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),  # what the client itself wrote stays unread
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "rubbish", None),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_address_comes_through_trusted_proxies_only(peer: str, forwarded: str, seen: str | None) -> None:
    """R58."""
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    connection = HTTPConnection({"type": "http", "client": (peer, 1), "headers": headers})

    address = client_address(connection, [ip_network("10.0.0.0/8")])

    assert (None if address is None else str(address)) == seen
