"""API keys and connect tokens: real HS256 JWTs, which die of age, of revocation, or when the clock moves on."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt

from sandbox.world import World

KEY_SECONDS = 2 * 3600
CONNECT_SECONDS = 30 * 60


@dataclass(frozen=True)
class Caller:
    """Who is asking: the application (an API key), or a widget acting for one connection (a connect token)."""

    client_id: str
    token_id: str
    is_widget: bool = False
    item_id: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def trigger(self) -> str:
        return "USER" if self.is_widget else "CLIENT"


def issue_key(world: World) -> str:
    return _issue(world, KEY_SECONDS, kind="key")


def issue_connect_token(world: World, *, item_id: str | None, options: dict[str, Any]) -> str:
    return _issue(world, CONNECT_SECONDS, kind="connect", itemId=item_id, options=options)


def _issue(world: World, seconds: int, **claims: Any) -> str:
    # exp is real time, for clients that read it; the virtual end counts when the clock is moved.
    issued = int(time.time())
    claims |= {
        "sub": world.config.client_id,
        "jti": secrets.token_hex(8),
        "iat": issued,
        "exp": issued + seconds,
        "virtualEnd": (world.now() + timedelta(seconds=seconds)).isoformat(),
        "generation": world.meta.key_generation,
    }
    return jwt.encode(claims, world.meta.signing_key, algorithm="HS256")


def read_token(world: World, token: str) -> Caller | None:
    """Who holds `token`; None when it is garbled, expired or revoked."""
    try:
        claims = jwt.decode(token, world.meta.signing_key, algorithms=["HS256"], options={"require": ["exp", "jti"]})
    except (jwt.PyJWTError, ValueError):
        return None
    if claims["generation"] != world.meta.key_generation or datetime.fromisoformat(claims["virtualEnd"]) <= world.now():
        return None
    widget = claims["kind"] == "connect"
    return Caller(claims["sub"], claims["jti"], widget, claims.get("itemId"), claims.get("options") or {})


def revoke_all(world: World) -> None:
    """Every key and token issued until now is refused from here on."""
    meta = world.meta
    meta.key_generation += 1
    world.save_meta(meta)
