"""Faults on purpose, limits, and the journal."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.desk import KEYS, Desk
from tests.sandbox.serving import serving
from tests.sandbox.test_transactions import checking, pages_of


async def fault(desk: Desk, kind: str, **rule: object) -> dict[str, object]:
    made: dict[str, object] = await desk.control("POST", "/faults", {"kind": kind, **rule})
    return made


async def test_a_status_comes_as_often_as_told_after_the_skipped_ones(desk: Desk) -> None:
    await fault(desk, "status", path="/connectors*", status=503, skip=1, remaining=2)

    statuses = [(await desk.http.get("/connectors")).status_code for _ in range(4)]

    assert statuses == [200, 503, 503, 200]


async def test_a_fault_keeps_to_its_path_method_and_query(desk: Desk) -> None:
    await fault(desk, "status", path="/items", method="POST")
    await fault(desk, "status", path="/connectors", query="*page=2*")

    await desk.call("GET", "/connectors?page=1")
    await desk.call("GET", "/connectors?pageSize=5&page=2", 500)
    await desk.call("POST", "/items", 500, json={})


async def test_an_injected_429_has_the_real_headers(desk: Desk) -> None:
    await fault(desk, "rate_limit", path="/auth", seconds=7)

    answer = await desk.http.post("/auth", json=KEYS)

    assert answer.json() == {"message": "Too many requests, please try again later.", "code": 429}
    assert {name: answer.headers[name] for name in ("ratelimit-limit", "ratelimit-reset", "retry-after")} == {
        "ratelimit-limit": "360",
        "ratelimit-reset": "7",
        "retry-after": "60",
    }


@pytest.mark.parametrize("kind", ["truncate", "malformed"])
async def test_broken_json_is_broken(desk: Desk, kind: str) -> None:
    await fault(desk, kind, path="/connectors", remaining=1)

    answer = await desk.http.get("/connectors")

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    await desk.call("GET", "/connectors")


async def test_a_gateways_page_comes_as_html(desk: Desk) -> None:
    await fault(desk, "content_type", path="/connectors")

    answer = await desk.http.get("/connectors")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")


async def test_a_duplicate_page_comes_twice_under_two_cursors_and_loses_nothing(desk: Desk) -> None:
    account = await checking(desk)
    query = f"?accountId={account['id']}"
    plain = await pages_of(desk, query)

    await fault(desk, "duplicate_page", path="/v2/transactions", skip=1, remaining=1)
    twice = await pages_of(desk, query)
    await fault(desk, "duplicate_page", path="/v2/transactions", remaining=1)
    first_twice = await pages_of(desk, query)

    assert twice == [plain[0], plain[1], plain[1], *plain[2:]]
    assert first_twice == [plain[0], *plain]


async def test_a_repeated_cursor_leads_back_to_itself(desk: Desk) -> None:
    account = await checking(desk)
    await fault(desk, "repeat_cursor", path="/v2/transactions", skip=1)
    first = await desk.call("GET", f"/v2/transactions?accountId={account['id']}")

    second = await desk.call("GET", f"/v2/transactions{first['next']}")

    assert second["next"] == first["next"]


async def test_a_moving_page_shows_the_last_row_again(desk: Desk) -> None:
    account = await checking(desk)
    await fault(desk, "moving_page", path="/v2/transactions")

    pages = await pages_of(desk, f"?accountId={account['id']}")

    assert [page[0]["id"] for page in pages[1:]] == [page[-1]["id"] for page in pages[:-1]]


async def test_one_bad_row_spoils_only_itself(desk: Desk) -> None:
    account = await checking(desk, "user-ok")
    await fault(desk, "bad_row", path="/v2/transactions", remaining=1)

    rows = (await desk.call("GET", f"/v2/transactions?accountId={account['id']}"))["results"]

    assert (rows[0]["amount"], rows[0]["date"]) == ("not a number", "not a date")
    assert isinstance(rows[1]["amount"], int | float)


async def test_rules_are_listed_counted_and_removed(desk: Desk) -> None:
    made = await fault(desk, "status", path="/nowhere")
    other = await fault(desk, "status", path="/connectors")
    await desk.call("GET", "/connectors", 500)

    listed = await desk.control("GET", "/faults")
    await desk.control("DELETE", f"/faults/{other['id']}")
    await desk.call("GET", "/connectors")
    await desk.control("DELETE", "/faults")

    assert [(rule["id"], rule["hits"]) for rule in listed] == [(made["id"], 0), (other["id"], 1)]
    assert await desk.control("GET", "/faults") == []


@pytest.mark.parametrize(
    "rule", [{}, {"kind": "nothing"}, {"kind": "status", "status": 200}, {"kind": "delay", "seconds": -1}]
)
async def test_a_rule_that_makes_no_sense_is_400(desk: Desk, rule: dict[str, object]) -> None:
    await desk.control("POST", "/faults", rule, expect=400)


async def test_the_real_limits_hold_when_switched_on(desk: Desk) -> None:
    item = await desk.settled_item()
    path = f"/items/{item['id']}"
    await desk.control("PATCH", "/settings", {"rateLimits": True})

    statuses = [(await desk.http.patch(path, json={})).status_code for _ in range(21)]
    limited = await desk.http.patch(path, json={})
    await desk.control("POST", "/clock", {"seconds": 60})
    later = await desk.http.patch(path, json={})

    assert statuses == [409] * 20 + [429]
    assert (limited.headers["retry-after"], limited.headers["ratelimit-limit"]) == ("60", "20")
    assert 1 <= int(limited.headers["ratelimit-reset"]) <= 60
    assert later.status_code == 409


async def test_the_journal_counts_by_endpoint_and_status(desk: Desk) -> None:
    await desk.control("DELETE", "/requests")
    item = await desk.post_item()
    await desk.item(item["id"])
    await desk.http.get(f"/items/{item['id']}", headers={"X-API-KEY": "wrong"})

    counts = await desk.control("GET", "/requests/counts")
    entries = await desk.control("GET", "/requests")

    assert counts == {"POST /items": {"total": 1, "200": 1}, "GET /items/{id}": {"total": 2, "200": 1, "403": 1}}
    assert [entry["path"] for entry in entries] == ["/items", f"/items/{item['id']}", f"/items/{item['id']}"]


@pytest.fixture(scope="module")
def wire() -> Iterator[httpx.Client]:
    """A stand-in behind a real server, for faults that exist on the wire only."""
    with serving("wire") as address, httpx.Client(base_url=address, timeout=10, trust_env=False) as client:
        yield client


def ask(wire: httpx.Client, kind: str, *, patience: float = 10, **rule: object) -> httpx.Response:
    """One POST /auth under that fault."""
    wire.post("/_control/faults", json={"kind": kind, "path": "/auth", "remaining": 1, **rule})
    return wire.post("/auth", json=KEYS, timeout=patience)


@pytest.mark.parametrize(
    ("kind", "seconds", "failure"),
    [
        ("hang", 3600, httpx.ReadTimeout),
        ("delay", 5, httpx.ReadTimeout),
        ("cut", 1, httpx.RemoteProtocolError),
    ],
)
def test_a_call_that_hangs_or_is_cut_fails_and_the_next_succeeds(
    wire: httpx.Client, kind: str, seconds: float, failure: type[Exception]
) -> None:
    with pytest.raises(failure):
        ask(wire, kind, patience=10 if kind == "cut" else 0.5, seconds=seconds)

    assert wire.post("/auth", json=KEYS).json()["apiKey"]


def test_a_dripping_answer_arrives_whole_and_late(wire: httpx.Client) -> None:
    answer = ask(wire, "drip", seconds=1)

    assert answer.elapsed.total_seconds() > 0.8
    assert answer.json()["apiKey"]
