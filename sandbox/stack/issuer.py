"""An identity provider for development: tokens signed with a key of our own, verified by its JWKS as in production."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

from sandbox.stack.files import write_private

ISSUER: Final = "https://dev-issuer.local"  # a name, not an address: it stays valid when the JWKS moves to another port
AUDIENCE: Final = "caixahub-banking"
LIFETIME: Final = timedelta(hours=12)


class TokenIssuer:
    """Signs tokens with the ES256 key in `key_file`, made at the first use."""

    def __init__(self, key_file: Path) -> None:
        if not key_file.exists():
            fresh = generate_private_key(SECP256R1())
            pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_private(key_file, pem.decode())
        key = load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise TypeError(f"{key_file} holds no elliptic-curve key; delete it, a new one is made")
        self._key = key
        self._public: dict[str, Any] = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        self._key_id = hashlib.sha256(self._public["x"].encode()).hexdigest()[:16]

    def token(self, owner: str, *, now: datetime | None = None, **claims: object) -> str:
        """A bearer token for `owner`, valid for 12 hours; `claims` add to the standard ones or replace them."""
        issued_at = now or datetime.now(UTC)
        standard = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": owner,
            "iat": issued_at,
            "exp": issued_at + LIFETIME,
            "jti": str(uuid4()),
        }
        return jwt.encode({**standard, **claims}, self._key, algorithm="ES256", headers={"kid": self._key_id})

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        return {"keys": [{**self._public, "kid": self._key_id, "use": "sig", "alg": "ES256"}]}

    async def serve(self) -> asyncio.Server:
        """A server on a free port of 127.0.0.1 that answers every request with the key set."""
        body = json.dumps(self.jwks()).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        answer = (head + "Connection: close\r\n\r\n").encode() + body

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                async with asyncio.timeout(5):
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(answer)
                    await writer.drain()
            except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
                pass  # the client's fault: it gets no answer
            finally:
                writer.close()

        return await asyncio.start_server(respond, "127.0.0.1", 0)


def jwks_url(server: asyncio.Server) -> str:
    """Where a server made by `TokenIssuer.serve` answers."""
    port: int = server.sockets[0].getsockname()[1]
    return f"http://127.0.0.1:{port}/.well-known/jwks.json"
