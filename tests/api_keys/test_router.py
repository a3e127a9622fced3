"""API keys over HTTP, with real verification of every caller."""

import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.api_keys import service
from app.database import transaction
from app.owners.authentication import KEEP_KEY_SECONDS
from app.owners.principal import SCOPES
from app.resources import Resources
from tests.audit.reading import acts, everything, execute
from tests.factories import make_connection
from tests.owners.callers import bearer, person, verified_api
from tests.owners.identity_provider import IdentityProvider

KEYS = "/api/banking/api_keys/"
ACCOUNTS = "/api/banking/accounts/"
TRANSACTIONS = "/api/banking/transactions/"
CONNECTIONS = "/api/banking/connections/"


class Clock:
    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return time.time() + self.passed


@pytest.fixture(scope="module")
def provider() -> IdentityProvider:
    return IdentityProvider()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def http(
    resources: Resources, provider: IdentityProvider, owner_id: UUID, clock: Clock
) -> AsyncIterator[httpx.AsyncClient]:
    async with verified_api(resources, provider, now=clock) as client:
        yield client


@pytest.fixture
def ana(provider: IdentityProvider) -> dict[str, str]:
    return person(provider)


async def make_key(http: httpx.AsyncClient, maker: dict[str, str], *scopes: str, **given: Any) -> dict[str, Any]:
    body = {"name": "ERP", "scopes": scopes or ["accounts:read"], **given}
    answer = await http.post(KEYS, json=body, headers=maker)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def status_with(http: httpx.AsyncClient, secret: str, path: str = ACCOUNTS, **headers: str) -> int:
    return (await http.get(path, headers=bearer(secret, **headers))).status_code


async def make_key_of_all(resources: Resources) -> str:
    async with transaction(resources.sessions, None) as session:
        _, secret = await service.create(
            session,
            resources.vault,
            None,
            name="platform",
            scopes=["connections:read"],
            lifetime_days=30,
            actor="operator:test",
        )
    return secret


async def test_a_key_may_do_what_its_scopes_say_and_nothing_else(http: httpx.AsyncClient, ana: dict[str, str]) -> None:
    """R52."""
    key = await make_key(http, ana, "accounts:read")

    statuses = [await status_with(http, key["secret"], path) for path in (ACCOUNTS, TRANSACTIONS, KEYS)]

    assert statuses == [200, 403, 403]


async def test_a_key_reaches_the_data_of_its_own_owner(
    http: httpx.AsyncClient, ana: dict[str, str], resources: Resources, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53."""
    async with transaction(resources.sessions, owner_id) as session:
        mine = await make_connection(session, owner_id)
    async with transaction(resources.sessions, other_owner_id) as session:
        await make_connection(session, other_owner_id)
    key = await make_key(http, ana, "connections:read")

    rows = (await http.get(CONNECTIONS, headers=bearer(key["secret"]))).json()["results"]

    assert [row["id"] for row in rows] == [str(mine.id)]


async def test_the_secret_is_shown_once_and_kept_nowhere(
    http: httpx.AsyncClient, ana: dict[str, str], superuser_url: str, resources: Resources, capfd: Any
) -> None:
    """R52, R65: not in the database, in Redis or in the logs."""
    key = await make_key(http, ana)
    secret = key["secret"]
    await status_with(http, secret)
    await status_with(http, secret, "/api/banking/nowhere/" + secret)

    shown = (await http.get(f"{KEYS}{key['id']}/", headers=ana)).text + (await http.get(KEYS, headers=ana)).text
    redis = [await resources.redis.dump(name) for name in await resources.redis.keys()]
    logs = "".join(capfd.readouterr())

    assert secret.startswith("bk_")
    assert len(secret) == 46
    for place in (shown, await everything(superuser_url), str(redis), logs):
        assert secret not in place
        assert secret[10:] not in place


@pytest.mark.parametrize("scopes", [["pii:read"], ["accounts:read", "webhooks:write"]])
async def test_nobody_makes_a_key_that_may_more_than_its_maker(
    http: httpx.AsyncClient, provider: IdentityProvider, scopes: list[str]
) -> None:
    maker = person(provider, scopes=frozenset({"api_keys:write", "accounts:read"}))

    answer = await http.post(KEYS, json={"name": "ERP", "scopes": scopes}, headers=maker)

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


async def test_a_token_without_scope_makes_no_key_for_personal_data(
    http: httpx.AsyncClient, provider: IdentityProvider
) -> None:
    maker = bearer(provider.token("ana"))

    plain = await http.post(KEYS, json={"name": "ERP", "scopes": ["accounts:read"]}, headers=maker)
    personal = await http.post(KEYS, json={"name": "ERP", "scopes": ["pii:read"]}, headers=maker)

    assert (plain.status_code, personal.status_code) == (201, 403)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "ERP", "scopes": ["api_keys:write"]},
        {"name": "ERP", "scopes": ["everything"]},
        {"name": "ERP", "scopes": []},
        {"name": "  ", "scopes": ["accounts:read"]},
        {"name": "ERP", "scopes": ["accounts:read"], "expires_in_days": 0},
        {"name": "ERP", "scopes": ["accounts:read"], "expires_in_days": 731},
        {"name": "ERP", "scopes": ["accounts:read"], "owner_id": str(UUID(int=1))},
    ],
)
async def test_a_key_that_keys_may_not_be_is_refused(
    http: httpx.AsyncClient, ana: dict[str, str], body: dict[str, Any]
) -> None:
    """Among them a key that makes keys: a stolen one would outlive its revocation."""
    assert (await http.post(KEYS, json=body, headers=ana)).status_code == 422


async def test_after_a_rotation_both_secrets_work_for_a_day_and_then_the_new_one(
    http: httpx.AsyncClient, ana: dict[str, str], superuser_url: str, clock: Clock
) -> None:
    """R52."""
    key = await make_key(http, ana)

    rotated = (await http.post(f"{KEYS}{key['id']}/rotate/", headers=ana)).json()
    during = [await status_with(http, each["secret"]) for each in (key, rotated)]
    await execute(superuser_url, "UPDATE api_keys SET previous_until = now() - interval '1 second'")
    clock.passed += KEEP_KEY_SECONDS + 1
    after = [await status_with(http, each["secret"]) for each in (key, rotated)]

    assert (during, after) == ([200, 200], [401, 200])
    assert rotated["previous_until"] is not None
    assert rotated["id"] == key["id"]


async def test_a_second_rotation_ends_the_oldest_secret_at_once(
    http: httpx.AsyncClient, ana: dict[str, str], clock: Clock
) -> None:
    first = await make_key(http, ana)
    second = (await http.post(f"{KEYS}{first['id']}/rotate/", headers=ana)).json()
    third = (await http.post(f"{KEYS}{first['id']}/rotate/", headers=ana)).json()

    assert [await status_with(http, each["secret"]) for each in (first, second, third)] == [401, 200, 200]


async def test_nobody_rotates_a_key_that_may_more_than_they(
    http: httpx.AsyncClient, ana: dict[str, str], provider: IdentityProvider
) -> None:
    """A rotation hands out a secret, so it is as good as making the key."""
    key = await make_key(http, ana, "pii:read")

    answer = await http.post(f"{KEYS}{key['id']}/rotate/", headers=person(provider, scopes=SCOPES - {"pii:read"}))

    assert answer.status_code == 403


async def test_a_revoked_key_ends_within_a_minute_in_every_process(
    http: httpx.AsyncClient,
    ana: dict[str, str],
    clock: Clock,
    resources: Resources,
    provider: IdentityProvider,
) -> None:
    """R52."""
    key = await make_key(http, ana)
    assert await status_with(http, key["secret"]) == 200

    revoked = await http.delete(f"{KEYS}{key['id']}/", headers=ana)
    clock.passed += KEEP_KEY_SECONDS + 1
    async with verified_api(resources, provider) as elsewhere:
        statuses = [await status_with(each, key["secret"]) for each in (http, elsewhere)]

    assert (revoked.status_code, statuses) == (204, [401, 401])
    assert KEEP_KEY_SECONDS < 60
    assert (await http.get(f"{KEYS}{key['id']}/", headers=ana)).status_code == 404
    assert (await http.get(KEYS, headers=ana)).json()["results"] == []


async def test_a_revocation_ends_the_rotated_secret_too(http: httpx.AsyncClient, ana: dict[str, str]) -> None:
    key = await make_key(http, ana)
    await http.post(f"{KEYS}{key['id']}/rotate/", headers=ana)

    await http.delete(f"{KEYS}{key['id']}/", headers=ana)

    assert await status_with(http, key["secret"]) == 401


async def test_an_expired_key_is_refused(http: httpx.AsyncClient, ana: dict[str, str], superuser_url: str) -> None:
    key = await make_key(http, ana)
    await execute(superuser_url, "UPDATE api_keys SET expires_at = now() - interval '1 second'")

    answer = await http.get(ACCOUNTS, headers=bearer(key["secret"]))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert "bk_" not in answer.text


@pytest.mark.parametrize("secret", ["bk_", "bk_short", "bk_" + "x" * 43, "bk_" + "é" * 43, "bk_' OR 1=1 --"])
async def test_what_is_no_key_is_refused(http: httpx.AsyncClient, secret: str) -> None:
    answer = await http.get(ACCOUNTS, headers={b"Authorization": f"Bearer {secret}".encode()})

    assert answer.status_code == 401


async def test_the_last_use_is_noted(http: httpx.AsyncClient, ana: dict[str, str]) -> None:
    key = await make_key(http, ana)
    await status_with(http, key["secret"])

    shown = (await http.get(f"{KEYS}{key['id']}/", headers=ana)).json()

    assert (key["last_used_at"], shown["last_used_at"] is None) == (None, False)


async def test_a_key_for_all_owners_acts_for_the_one_it_names(
    http: httpx.AsyncClient, resources: Resources, owner_id: UUID, other_owner_id: UUID
) -> None:
    secret = await make_key_of_all(resources)
    async with transaction(resources.sessions, other_owner_id) as session:
        his = await make_connection(session, other_owner_id)

    shown = {}
    for owner in (owner_id, other_owner_id):
        answer = await http.get(CONNECTIONS, headers=bearer(secret, **{"Banking-Owner": str(owner)}))
        shown[owner] = [row["id"] for row in answer.json()["results"]]

    assert shown == {owner_id: [], other_owner_id: [str(his.id)]}


async def test_a_key_for_all_owners_must_name_one_that_exists(http: httpx.AsyncClient, resources: Resources) -> None:
    secret = await make_key_of_all(resources)

    answers = [
        await http.get(CONNECTIONS, headers=bearer(secret, **given))
        for given in ({}, {"Banking-Owner": str(uuid4())}, {"Banking-Owner": "ana"})
    ]

    told = [(answer.status_code, answer.json()["code"]) for answer in answers]
    assert told == [(422, "owner_not_named"), (404, "owner_not_found"), (404, "owner_not_found")]


async def test_whoever_acts_for_one_owner_cannot_name_another(
    http: httpx.AsyncClient, ana: dict[str, str], owner_id: UUID, other_owner_id: UUID
) -> None:
    """R53: ignored, the header would have the caller take its own data for the other's."""
    key = await make_key(http, ana, "connections:read")

    for caller in (ana, bearer(key["secret"])):
        own = await http.get(CONNECTIONS, headers={**caller, "Banking-Owner": str(owner_id)})
        foreign = await http.get(CONNECTIONS, headers={**caller, "Banking-Owner": str(other_owner_id)})

        assert (own.status_code, foreign.status_code) == (200, 404)


async def test_an_owner_has_so_many_keys_at_most(
    http: httpx.AsyncClient, ana: dict[str, str], resources: Resources, owner_id: UUID
) -> None:
    for _ in range(service.MAX_KEYS):
        async with transaction(resources.sessions, None) as session:
            await service.create(
                session, resources.vault, owner_id, name="n", scopes=["accounts:read"], lifetime_days=1, actor="test"
            )

    answer = await http.post(KEYS, json={"name": "one more", "scopes": ["accounts:read"]}, headers=ana)

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_api_keys")


async def test_keys_are_listed_newest_first_page_by_page(http: httpx.AsyncClient, ana: dict[str, str]) -> None:
    made = [(await make_key(http, ana, name=f"key {number}"))["id"] for number in range(3)]

    first = (await http.get(KEYS, params={"limit": 2}, headers=ana)).json()
    second = (await http.get(KEYS, params={"limit": 2, "cursor": first["next_cursor"]}, headers=ana)).json()

    assert [row["id"] for row in first["results"] + second["results"]] == made[::-1]
    assert second["next_cursor"] is None


async def test_each_act_on_a_key_is_audited(
    http: httpx.AsyncClient, ana: dict[str, str], superuser_url: str, owner_id: UUID
) -> None:
    """R69."""
    key = await make_key(http, ana, "accounts:read")
    await http.post(f"{KEYS}{key['id']}/rotate/", headers=ana)
    await http.delete(f"{KEYS}{key['id']}/", headers={**ana, "X-Request-ID": "the-last-request"})

    trail = await acts(superuser_url, owner_id)

    assert [entry["act"] for entry in trail] == ["api_key.created", "api_key.rotated", "api_key.revoked"]
    assert {(entry["actor"], str(entry["subject_id"])) for entry in trail} == {(f"owner:{owner_id}", key["id"])}
    assert trail[0]["details"]["scopes"] == ["accounts:read"]
    assert trail[2]["request_id"] == "the-last-request"
