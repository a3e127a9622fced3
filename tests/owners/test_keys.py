"""R50: where keys come from, and how often they are asked for."""

import asyncio
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from app.owners.errors import IdentityProviderUnavailable
from app.owners.keys import AFTER_FAILURE_SECONDS, FRESH_SECONDS, UNKNOWN_KEY_SECONDS, KeySet, read_keys
from tests.owners.identity_provider import JWKS_URL, IdentityProvider, rsa_jwk


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def provider() -> IdentityProvider:
    return IdentityProvider()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(provider: IdentityProvider, clock: Clock) -> KeySet:
    return KeySet(JWKS_URL, provider.http(), now=clock)


def down() -> httpx.Response:
    raise httpx.ConnectError("down")


async def test_keys_are_read_once_however_many_ask_at_the_same_time(provider: IdentityProvider, keys: KeySet) -> None:
    found = await asyncio.gather(*(keys.find("ec-1") for _ in range(50)))

    assert None not in found
    assert provider.reads == 1


async def test_an_unknown_key_is_searched_at_most_every_five_minutes(
    provider: IdentityProvider, keys: KeySet, clock: Clock
) -> None:
    await keys.find("ec-1")

    searches = []
    for step in (0.0, 1.0, UNKNOWN_KEY_SECONDS - 2, 2.0):
        clock.time += step
        await keys.find("rotated")
        searches.append(provider.reads)

    assert searches == [2, 2, 2, 3]


async def test_a_rotated_key_works_after_one_search(provider: IdentityProvider, keys: KeySet) -> None:
    await keys.find("ec-1")
    rotated = [{**provider.keys()[0], "kid": "ec-2"}]
    provider.answer = lambda: httpx.Response(200, json={"keys": rotated})

    assert await keys.find("ec-2") is not None
    assert await keys.find("ec-1") is None


@pytest.mark.parametrize(
    "answer",
    [
        down,
        lambda: httpx.Response(500),
        lambda: httpx.Response(200, text="<html>"),
        lambda: httpx.Response(200, json=[]),
    ],
)
async def test_keys_in_hand_keep_working_while_the_provider_is_away(
    provider: IdentityProvider, keys: KeySet, clock: Clock, answer: Any
) -> None:
    await keys.find("ec-1")
    provider.answer = answer

    for _ in range(5):
        clock.time += FRESH_SECONDS
        assert await keys.find("ec-1") is not None


async def test_an_absent_provider_is_asked_again_with_restraint(
    provider: IdentityProvider, keys: KeySet, clock: Clock
) -> None:
    await keys.find("ec-1")
    provider.answer = down
    clock.time += FRESH_SECONDS

    for _ in range(10):
        clock.time += AFTER_FAILURE_SECONDS / 10
        await keys.find("ec-1")

    assert provider.reads == 2


async def test_without_any_key_no_token_can_be_judged(provider: IdentityProvider, keys: KeySet, clock: Clock) -> None:
    provider.answer = down
    with pytest.raises(IdentityProviderUnavailable):
        await keys.find("ec-1")

    del provider.answer
    provider.answer = lambda: httpx.Response(200, json={"keys": provider.keys()})
    clock.time += 2

    assert await keys.find("ec-1") is not None


async def test_keys_that_the_provider_withdrew_stop_working(
    provider: IdentityProvider, keys: KeySet, clock: Clock
) -> None:
    await keys.find("ec-1")
    provider.answer = lambda: httpx.Response(200, json={"keys": []})
    clock.time += FRESH_SECONDS

    assert await keys.find("ec-1") is None


async def test_a_slow_renewal_holds_up_one_request_only(provider: IdentityProvider, clock: Clock) -> None:
    release = asyncio.Event()

    async def respond(_: httpx.Request) -> httpx.Response:
        provider.reads += 1
        if provider.reads > 1:
            await release.wait()
        return httpx.Response(200, json={"keys": provider.keys()})

    keys = KeySet(JWKS_URL, httpx.AsyncClient(transport=httpx.MockTransport(respond)), now=clock)
    await keys.find("ec-1")
    clock.time += FRESH_SECONDS

    renewing = asyncio.create_task(keys.find("ec-1"))
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        others = await asyncio.gather(*(keys.find("ec-1") for _ in range(10)))
    release.set()

    assert None not in [*others, await renewing]
    assert provider.reads == 2


def test_weak_symmetric_nameless_and_foreign_keys_are_refused(provider: IdentityProvider) -> None:
    good_ec, good_rsa = provider.keys()
    weak = generate_private_key(public_exponent=65537, key_size=1024)
    jwks = [
        good_ec,
        good_rsa,
        rsa_jwk(weak, "weak"),
        {"kty": "oct", "kid": "symmetric", "k": "c2VjcmV0", "alg": "HS256"},
        {**good_rsa, "kid": None},
        {**good_rsa, "kid": "for-encryption", "use": "enc"},
        {**good_rsa, "kid": "odd-algorithm", "alg": "RSA-OAEP"},
        {"kty": "EC", "kid": "broken", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "unheard-of", "kid": "future"},
    ]

    assert set(read_keys({"keys": jwks})) == {"ec-1", "rsa-1"}
