"""R50: which bearer tokens are believed."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.owners.errors import InvalidToken
from app.owners.keys import KeySet
from app.owners.principal import SCOPES
from app.owners.tokens import TokenVerifier
from tests.http_support import make_settings
from tests.owners.identity_provider import AUDIENCE, ISSUER, JWKS_URL, IdentityProvider


@pytest.fixture(scope="module")
def provider() -> IdentityProvider:
    return IdentityProvider()


def make_verifier(provider: IdentityProvider, **settings: Any) -> TokenVerifier:
    auth = make_settings(auth_issuer=ISSUER, auth_audience=AUDIENCE, auth_jwks_url=JWKS_URL, **settings).auth
    return TokenVerifier(auth, KeySet(JWKS_URL, provider.http()))


def unsigned(part: object) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def confused(provider: IdentityProvider) -> str:
    """Signed by HMAC with the public key as the secret: valid for whoever lets the token choose the algorithm."""
    public_pem = provider.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    payload = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "iat": int(time.time()), "exp": int(time.time()) + 60}
    signing_input = f"{unsigned({'alg': 'HS256', 'kid': 'rsa-1'})}.{unsigned(payload)}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        signing_input.encode(), public_pem
    )
    return f"{signing_input}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def without_signature(provider: IdentityProvider) -> str:
    _, payload, _ = provider.token().split(".")
    return f"{unsigned({'alg': 'none', 'kid': 'ec-1'})}.{payload}."


def altered(provider: IdentityProvider) -> str:
    header, _, signature = provider.token().split(".")
    return f"{header}.{unsigned({'sub': 'bia', 'exp': 9_999_999_999})}.{signature}"


async def test_a_token_of_the_provider_tells_who_and_what(provider: IdentityProvider) -> None:
    claims = await make_verifier(provider).verify(provider.token("ana", scope="accounts:read pii:read openid"))

    assert (claims.issuer, claims.subject) == (ISSUER, "ana")
    assert claims.scopes == {"accounts:read", "pii:read"}


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256"])
async def test_an_rsa_key_verifies_the_strong_algorithms(provider: IdentityProvider, algorithm: str) -> None:
    token = provider.token(key=provider.rsa, algorithm=algorithm, headers={"kid": "rsa-1"})

    assert (await make_verifier(provider).verify(token)).subject == "ana"


async def test_without_scope_a_token_may_everything_but_see_personal_data(provider: IdentityProvider) -> None:
    claims = await make_verifier(provider).verify(provider.token())

    assert claims.scopes == SCOPES - {"pii:read"}


def in_seconds(offset: int) -> int:
    return int(time.time()) + offset


BAD_TOKENS: dict[str, Any] = {
    "expired": lambda p: p.token(exp=in_seconds(-31)),
    "not yet valid": lambda p: p.token(nbf=in_seconds(300)),
    "issued in the future": lambda p: p.token(iat=in_seconds(300)),
    "foreign issuer": lambda p: p.token(iss="https://other.example"),
    "foreign audience": lambda p: p.token(aud="another"),
    "without expiry": lambda p: p.token(without=("exp",)),
    "without time of issue": lambda p: p.token(without=("iat",)),
    "without subject": lambda p: p.token(without=("sub",)),
    "without issuer": lambda p: p.token(without=("iss",)),
    "without audience": lambda p: p.token(without=("aud",)),
    "empty subject": lambda p: p.token(""),
    "endless expiry": lambda p: p.token(exp=float("inf")),
    "unsigned": without_signature,
    "public key as HMAC secret": confused,
    "altered": altered,
    "no kid": lambda p: p.token(headers={}),
    "unknown kid": lambda p: p.token(headers={"kid": "other"}),
    "another's key under a known kid": lambda p: p.token(key=generate_private_key(SECP256R1())),
    "algorithm of another key": lambda p: p.token(key=p.rsa, algorithm="RS256", headers={"kid": "ec-1"}),
    "too weak an algorithm": lambda p: p.token(key="x" * 64, algorithm="HS256"),
    "scope is no text": lambda p: p.token(scope=["pii:read"]),
    "no token": lambda _: "rubbish",
    "nothing between dots": lambda _: "..",
    "huge": lambda p: p.token(padding="x" * 10_000),
}


@pytest.mark.parametrize("make", BAD_TOKENS.values(), ids=BAD_TOKENS)
async def test_a_token_with_any_fault_is_refused(provider: IdentityProvider, make: Any) -> None:
    token = make(provider)

    with pytest.raises(InvalidToken) as refused:
        await make_verifier(provider).verify(token)

    assert token[:20] not in refused.value.detail


async def test_a_clock_may_be_half_a_minute_off(provider: IdentityProvider) -> None:
    token = provider.token(exp=int(time.time()) - 20)

    assert (await make_verifier(provider).verify(token)).subject == "ana"


async def test_the_owner_may_stand_in_a_claim_of_the_deployments_choice(provider: IdentityProvider) -> None:
    verifier = make_verifier(provider, auth_owner_claim="org_id")

    assert (await verifier.verify(provider.token("ana", org_id="acme"))).subject == "acme"
    with pytest.raises(InvalidToken, match="lacks a required claim"):
        await verifier.verify(provider.token("ana"))
