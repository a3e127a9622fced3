"""R50: tokens of the local issuer are verified as those of any identity provider, by its key set."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import jwt
import pytest

from sandbox.stack.issuer import AUDIENCE, ISSUER, TokenIssuer, jwks_url


@pytest.fixture
def issuer(tmp_path: Path) -> TokenIssuer:
    return TokenIssuer(tmp_path / "key.pem")


def verify(token: str, key_set: dict[str, object]) -> dict[str, object]:
    """The claims, checked as a resource server checks them."""
    key_id = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWKSet.from_dict(key_set)[key_id]
    claims: dict[str, object] = jwt.decode(token, key, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER)
    return claims


async def test_a_token_verifies_against_the_served_key_set(issuer: TokenIssuer) -> None:
    server = await issuer.serve()
    body = await asyncio.to_thread(lambda: urlopen(jwks_url(server)).read())
    server.close()

    claims = verify(issuer.token("Ana"), json.loads(body))

    assert claims["sub"] == "Ana"


def test_a_token_lasts_twelve_hours(issuer: TokenIssuer) -> None:
    fresh = verify(issuer.token("Ana"), issuer.jwks())

    assert int(str(fresh["exp"])) - int(str(fresh["iat"])) == 12 * 3600
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(issuer.token("Ana", now=datetime.now(UTC) - timedelta(hours=12, seconds=1)), issuer.jwks())


def test_the_key_stays_the_same_after_a_restart(issuer: TokenIssuer, tmp_path: Path) -> None:
    token = issuer.token("Ana")

    restarted = TokenIssuer(tmp_path / "key.pem")

    assert verify(token, restarted.jwks())["sub"] == "Ana"
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


def test_another_issuer_s_token_does_not_verify(issuer: TokenIssuer, tmp_path: Path) -> None:
    stranger = TokenIssuer(tmp_path / "stranger.pem")
    key_set = issuer.jwks()
    forged = jwt.encode(
        {"sub": "Ana", "iss": ISSUER, "aud": AUDIENCE},
        stranger._key,
        algorithm="ES256",
        headers={"kid": key_set["keys"][0]["kid"]},
    )

    with pytest.raises(jwt.InvalidSignatureError):
        verify(forged, key_set)


def test_the_key_set_holds_no_private_part(issuer: TokenIssuer) -> None:
    assert "d" not in issuer.jwks()["keys"][0]
