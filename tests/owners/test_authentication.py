"""From a header to an owner, with the real table of owners."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select

from app.database import Sessions, transaction
from app.owners import service
from app.owners.authentication import KEEP_SECONDS, Authenticator, BoundedCache
from app.owners.errors import IdentityProviderUnavailable, InvalidToken, NotAuthenticated
from app.owners.keys import KeySet
from app.owners.models import Owner
from app.owners.tokens import TokenVerifier
from app.settings import Settings
from app.vault import Vault
from tests.http_support import make_settings, running_api
from tests.owners.identity_provider import AUDIENCE, ISSUER, JWKS_URL, IdentityProvider


class Clock:
    def __init__(self) -> None:
        self.time = time.time()

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="module")
def provider() -> IdentityProvider:
    return IdentityProvider()


def make_authenticator(provider: IdentityProvider, sessions: Sessions, clock: Clock | None = None) -> Authenticator:
    auth = make_settings(auth_issuer=ISSUER, auth_audience=AUDIENCE, auth_jwks_url=JWKS_URL).auth
    verifier = TokenVerifier(auth, KeySet(JWKS_URL, provider.http()))
    return Authenticator(verifier, sessions, Vault({"k1": bytes(32)}), now=clock or Clock())


async def owners_called(sessions: Sessions, subject: str) -> int:
    async with transaction(sessions, None) as session:
        found = await session.scalar(select(func.count()).select_from(Owner).where(Owner.subject == subject))
    return found or 0


async def test_an_owner_is_made_at_its_first_valid_token(provider: IdentityProvider, sessions: Sessions) -> None:
    """R51."""
    subject = f"ana-{uuid4()}"
    authenticator = make_authenticator(provider, sessions)

    first = await authenticator.authenticate(f"Bearer {provider.token(subject)}")
    again = await make_authenticator(provider, sessions).authenticate(f"bearer  {provider.token(subject, jti='2')}")

    assert first.id == again.id
    assert (first.kind, await owners_called(sessions, subject)) == ("person", 1)


async def test_many_first_requests_at_once_make_one_owner(provider: IdentityProvider, sessions: Sessions) -> None:
    subject = f"ana-{uuid4()}"
    replicas = [make_authenticator(provider, sessions) for _ in range(8)]

    callers = await asyncio.gather(*(each.authenticate(f"Bearer {provider.token(subject)}") for each in replicas))

    assert len({caller.id for caller in callers}) == 1
    assert await owners_called(sessions, subject) == 1


async def test_the_same_subject_of_another_issuer_is_another_owner(sessions: Sessions) -> None:
    """R51."""
    subject = f"ana-{uuid4()}"

    async with transaction(sessions, None) as session:
        ids = {await service.get_or_create(session, issuer, subject) for issuer in ("a", "b", "a")}

    assert len(ids) == 2
    assert all(isinstance(owner_id, UUID) for owner_id in ids)


async def test_a_refused_token_makes_no_owner(provider: IdentityProvider, sessions: Sessions) -> None:
    subject = f"ana-{uuid4()}"
    authenticator = make_authenticator(provider, sessions)

    with pytest.raises(InvalidToken):
        await authenticator.authenticate(f"Bearer {provider.token(subject, aud='another')}")

    assert await owners_called(sessions, subject) == 0


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Token abc"])
async def test_without_a_bearer_token_nobody_is_authenticated(
    provider: IdentityProvider, sessions: Sessions, header: str | None
) -> None:
    with pytest.raises(NotAuthenticated):
        await make_authenticator(provider, sessions).authenticate(header)


async def test_a_token_is_not_remembered_beyond_its_own_expiry(provider: IdentityProvider, sessions: Sessions) -> None:
    """R50."""
    clock = Clock()
    authenticator = make_authenticator(provider, sessions, clock)
    header = f"Bearer {provider.token(exp=int(clock.time) + 10)}"
    await authenticator.authenticate(header)
    authenticator._verifier = None  # type: ignore[assignment] # to fail when asked

    clock.time += 5
    await authenticator.authenticate(header)
    clock.time += 6

    with pytest.raises(AttributeError):
        await authenticator.authenticate(header)


async def test_a_withdrawn_key_is_believed_for_a_minute_at_most(provider: IdentityProvider, sessions: Sessions) -> None:
    clock = Clock()
    keys_in_force = IdentityProvider()
    authenticator = make_authenticator(keys_in_force, sessions, clock)
    header = f"Bearer {keys_in_force.token()}"
    await authenticator.authenticate(header)
    keys_in_force.ec = provider.ec
    keys_in_force.answer = lambda: httpx.Response(200, json={"keys": []})
    authenticator._verifier._keys._next_refresh = 0.0

    still = await authenticator.authenticate(header)
    clock.time += KEEP_SECONDS + 1

    assert still.kind == "person"
    with pytest.raises(InvalidToken):
        await authenticator.authenticate(header)


async def test_a_remembered_caller_costs_neither_a_signature_nor_a_query(
    provider: IdentityProvider, sessions: Sessions
) -> None:
    authenticator = make_authenticator(provider, sessions)
    header = f"Bearer {provider.token()}"
    first = await authenticator.authenticate(header)
    authenticator._verifier = authenticator._sessions = None  # type: ignore[assignment] # to fail when asked

    assert await authenticator.authenticate(header) is first


def test_the_memory_of_callers_is_bounded() -> None:
    cache = BoundedCache[int, int](3)

    for number in range(10):
        cache.put(number, number)

    assert [cache.get(number) for number in (6, 7, 8, 9)] == [None, 7, 8, 9]


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running_api(settings) as (_, client):
        yield client


async def test_an_absent_identity_provider_is_told_as_such(
    client: httpx.AsyncClient, provider: IdentityProvider
) -> None:
    """R70: no token is believed unread."""
    answer = await client.post("/api/banking/greetings", headers={"Authorization": f"Bearer {provider.token()}"})

    assert (answer.status_code, answer.json()["code"]) == (503, IdentityProviderUnavailable.code)
    assert "retry-after" in answer.headers


async def test_an_invalid_token_is_answered_with_its_reason(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/banking/greetings", headers={"Authorization": "Bearer rubbish"})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_database_that_is_away_is_a_passing_fault(provider: IdentityProvider) -> None:
    """R3: 503 with Retry-After within 2 s."""
    async with running_api(make_settings()) as (app, client):
        authenticator = make_authenticator(provider, app.state.resources.sessions)
        app.state.authenticator = authenticator
        began = time.monotonic()
        answer = await client.post("/api/banking/greetings", headers={"Authorization": f"Bearer {provider.token()}"})

    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert time.monotonic() - began < 2.5
