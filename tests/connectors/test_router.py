"""The list of banks: filters, pages, and what happens while Pluggy or Redis is away."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from app.connectors import catalogue
from app.resources import Resources
from tests.connections.person import Person
from tests.http_support import NOWHERE, KnownCaller, make_settings, running_api


async def listed(person: Person, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await person.ask("GET", f"/connectors/{query}"))["results"]
    return rows


async def calls(person: Person) -> int:
    """How often the stand-in was asked for its connectors."""
    log = await person.bank.control("GET", "/requests")
    return sum(1 for each in log if each["path"] == "/connectors")


async def test_banks_come_by_name_with_health_and_capabilities(person: Person) -> None:
    rows = await listed(person)

    assert [row["name"] for row in rows] == sorted((row["name"] for row in rows), key=str.casefold)
    itau = next(row for row in rows if row["id"] == 601)
    assert (itau["health"]["status"], itau["primary_color"]) == ("ONLINE", "#EC7000")
    assert itau["capabilities"]["payment_initiation"] is True


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=ITAU", {"Itaú", "Itaú Empresas"}),
        ("?q=itaú&type=BUSINESS_BANK", {"Itaú Empresas"}),
        ("?is_open_finance=true&q=sandbox", {"Sandbox Open Finance"}),
        ("?oauth=true&is_open_finance=false", {"MeuPluggy"}),
        ("?country=US", set()),
        ("?q=corretora&country=BR&oauth=false", {"Corretora Alfa"}),
    ],
)
async def test_filters_narrow_the_list(person: Person, query: str, names: set[str]) -> None:
    """Mission: connectors.list(country='BR', oauth=True)."""
    assert {row["name"] for row in await listed(person, query)} == names


@pytest.mark.parametrize("query", ["?country=Brazil", "?oauth=perhaps", "?q=", "?colour=red", "?limit=0", "?cursor=x"])
async def test_a_filter_that_makes_no_sense_is_refused(person: Person, query: str) -> None:
    await person.ask("GET", f"/connectors/{query}", expect=422)


async def test_pages_hold_every_bank_once(person: Person) -> None:
    whole = [row["id"] for row in await listed(person)]
    seen: list[int] = []
    page = await person.ask("GET", "/connectors/?limit=3")
    while True:
        seen += [row["id"] for row in page["results"]]
        if page["next_cursor"] is None:
            break
        page = await person.ask("GET", f"/connectors/?limit=3&cursor={page['next_cursor']}")

    assert seen == whole


async def test_a_bank_shows_what_it_asks_the_person_for(person: Person) -> None:
    bank = await person.ask("GET", "/connectors/1/")

    assert [(each["name"], each["is_required"], each["is_mfa"]) for each in bank["credentials"]] == [
        ("user", True, False),
        ("password", True, False),
        ("token", True, True),
    ]
    assert bank["credentials"][0]["validation"] == "^user-.{2,50}$"


async def test_an_unstable_bank_shows_its_incidents(person: Person) -> None:
    bank = await person.ask("GET", "/connectors/619/")

    assert (bank["health"]["status"], bank["incidents"][0]["severity"]) == ("UNSTABLE", "DEGRADED")


@pytest.mark.parametrize("connector_id", ["999999", "2147483647"])
async def test_an_unknown_bank_is_not_found(person: Person, connector_id: str) -> None:
    assert (await person.ask("GET", f"/connectors/{connector_id}/", expect=404))["code"] == "connector_not_found"


@pytest.mark.parametrize("connector_id", ["-1", "2147483648", "itau"])
async def test_an_id_that_is_none_is_refused(person: Person, connector_id: str) -> None:
    await person.ask("GET", f"/connectors/{connector_id}/", expect=422)


async def test_sandbox_banks_are_absent_where_the_sandbox_is_off(person: Person, resources: Resources) -> None:
    """Mission: PLUGGY_USE_SANDBOX tells sandbox and production apart."""
    pluggy = {"pluggy_client_id": resources.settings.pluggy.client_id, "pluggy_client_secret": "sandbox-secret"}
    settings = make_settings(pluggy_use_sandbox=False, pluggy_base_url=person.bank.url, **pluggy)

    async with running_api(settings, caller=KnownCaller()) as (_, http):
        http.headers["Authorization"] = "Bearer good"
        rows = (await http.get("/api/banking/connectors/")).json()["results"]
        one = await http.get("/api/banking/connectors/2/")

    assert rows
    assert not any(row["is_sandbox"] for row in rows)
    assert one.status_code == 404


async def test_a_fresh_list_is_served_without_asking_pluggy_again(person: Person) -> None:
    await listed(person)
    await catalogue.forget()  # as another process would: Redis has it
    await listed(person)
    await listed(person)

    assert await calls(person) == 1


async def test_many_readers_at_once_are_one_call(person: Person) -> None:
    await asyncio.gather(*(listed(person) for _ in range(10)))

    assert await calls(person) == 1


async def test_a_stale_list_is_served_at_once_and_renewed_behind_it(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await listed(person)
    await person.bank.control("PUT", "/connectors/601/health", {"status": "OFFLINE"})
    monkeypatch.setattr(catalogue, "FRESH", timedelta(0))

    stale = next(row for row in await listed(person) if row["id"] == 601)
    for _ in range(100):
        await asyncio.sleep(0.02)
        renewed = next(row for row in await listed(person) if row["id"] == 601)
        if renewed["health"]["status"] == "OFFLINE":
            break

    assert (stale["health"]["status"], renewed["health"]["status"]) == ("ONLINE", "OFFLINE")


async def test_while_pluggy_is_away_the_old_list_is_served(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    known = await listed(person)
    await person.bank.control("POST", "/faults", {"kind": "status", "status": 503, "path": "/connectors"})
    monkeypatch.setattr(catalogue, "FRESH", timedelta(0))

    assert await listed(person) == known


async def test_without_any_list_pluggy_being_away_is_told(person: Person) -> None:
    await person.bank.control("POST", "/faults", {"kind": "status", "status": 503, "path": "/connectors"})

    assert (await person.ask("GET", "/connectors/", expect=503))["code"] == "pluggy_unavailable"


async def test_without_redis_each_process_keeps_its_own(person: Person, resources: Resources) -> None:
    async with Redis.from_url(f"redis://{NOWHERE}/0") as nowhere:
        alone = replace(resources, redis=nowhere)

        first = await catalogue.get_catalogue(alone)
        second = await catalogue.get_catalogue(alone)

    assert first is second
    assert await calls(person) == 1


async def test_rubbish_in_redis_is_not_believed(person: Person, resources: Resources) -> None:
    await resources.redis.set("banking:connectors:sandbox", b'{"read_at": "yesterday"}')

    assert await listed(person)


async def test_a_list_renewed_on_another_event_loop_is_forgotten_all_the_same() -> None:
    """As an operators' command leaves it behind in a process that goes on."""

    async def renewed() -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.create_task(asyncio.sleep(0))
        await task
        return task

    renewal = await asyncio.to_thread(lambda: asyncio.run(renewed()))
    catalogue._memories[catalogue._Source("https://bank.example", False)] = catalogue._Memory(renewal=renewal)

    await catalogue.forget()

    assert not catalogue._memories
