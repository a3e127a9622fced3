"""An identity provider in memory: keys, tokens, and a JWKS that counts how often it is read."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER, AUDIENCE, JWKS_URL = "https://issuer.example", "banking", "http://issuer.test/jwks.json"


class IdentityProvider:
    """Signs with one EC key and one RSA key; `answer` replaces what the JWKS address says."""

    def __init__(self) -> None:
        self.ec = generate_private_key(SECP256R1())
        self.rsa = generate_rsa_key(public_exponent=65537, key_size=2048)
        self.reads = 0
        self.answer: Callable[[], httpx.Response] = lambda: httpx.Response(200, json={"keys": self.keys()})

    def keys(self) -> list[dict[str, Any]]:
        """The public keys as JWKs."""
        ec = ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True)
        return [{**ec, "kid": "ec-1", "use": "sig", "alg": "ES256"}, rsa_jwk(self.rsa, "rsa-1")]

    def http(self) -> httpx.AsyncClient:
        """A client that reaches the JWKS address and nothing else."""

        def respond(request: httpx.Request) -> httpx.Response:
            assert str(request.url) == JWKS_URL
            self.reads += 1
            return self.answer()

        return httpx.AsyncClient(transport=httpx.MockTransport(respond))

    def token(
        self,
        subject: str = "ana",
        *,
        key: Any = None,
        algorithm: str = "ES256",
        headers: dict[str, Any] | None = None,
        without: tuple[str, ...] = (),
        **claims: Any,
    ) -> str:
        """A token valid for an hour; `claims` replace or add, `without` leaves some out."""
        now = int(time.time())
        payload = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 3600, **claims}
        payload = {name: value for name, value in payload.items() if name not in without}
        header = {"kid": "ec-1"} if headers is None else headers
        return jwt.encode(payload, self.ec if key is None else key, algorithm=algorithm, headers=header)


def rsa_jwk(key: RSAPrivateKey, kid: str) -> dict[str, Any]:
    """The public half of an RSA key as a JWK that names no algorithm."""
    return {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}
