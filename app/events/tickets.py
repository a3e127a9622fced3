"""Tickets: what a browser's EventSource, which can't send a token, opens a stream with."""

import base64
import binascii
import hashlib
import os
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec
import structlog
from redis.exceptions import RedisError

from app.owners.errors import InvalidToken
from app.owners.principal import Principal, Scope
from app.resources import Resources
from app.vault import Vault, VaultError

log = structlog.get_logger()

LIFETIME: Final = timedelta(seconds=60)
_PLACE: Final = b"events.stream.ticket"


class _Ticket(msgspec.Struct, array_like=True):
    """Who opens the stream. Sealed, so that any process can read it and nobody else can make it."""

    owner_id: UUID
    scopes: tuple[Scope, ...]
    kind: Literal["person", "api_key"]
    key_id: UUID | None
    expires_at: datetime
    noise: bytes


def make_ticket(vault: Vault, principal: Principal, *, now: datetime) -> tuple[str, datetime]:
    """Return a ticket for one stream of the caller, and until when it opens it."""
    expires_at = now + LIFETIME
    scopes: tuple[Scope, ...] = tuple(sorted(principal.scopes))  # type: ignore[arg-type] # made of Scope
    ticket = _Ticket(principal.id, scopes, principal.kind, principal.key_id, expires_at, os.urandom(8))
    sealed = vault.seal(msgspec.msgpack.encode(ticket), place=_PLACE)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode(), expires_at


async def use_ticket(resources: Resources, text: str, *, now: datetime) -> Principal:
    """Return the caller whose ticket this is, once. Raises InvalidToken.

    That it was used is kept in Redis: while Redis is away a ticket can be used again within its minute.
    """
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        ticket = msgspec.msgpack.decode(resources.vault.open(sealed, place=_PLACE), type=_Ticket)
    except (binascii.Error, ValueError, IndexError, VaultError, msgspec.MsgspecError):
        raise InvalidToken("The ticket is not valid.") from None
    if now >= ticket.expires_at or not await _is_first_use(resources, sealed):
        raise InvalidToken("The ticket has expired or was used; ask for another.")
    return Principal(ticket.owner_id, frozenset(ticket.scopes), ticket.kind, ticket.key_id)


async def _is_first_use(resources: Resources, sealed: bytes) -> bool:
    name = "banking:tickets:" + hashlib.sha256(sealed).hexdigest()[:32]
    try:
        return bool(await resources.redis.set(name, b"", nx=True, ex=LIFETIME))
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("ticket_not_marked", error=type(error).__name__)
        return True
