"""The API with its real verification of callers, over a test's resources."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from app.owners.authentication import Authenticator
from app.owners.keys import KeySet
from app.owners.principal import SCOPES
from app.owners.tokens import TokenVerifier
from app.resources import Resources
from tests.http_support import running_api
from tests.owners.identity_provider import JWKS_URL, IdentityProvider


@asynccontextmanager
async def verified_api(
    resources: Resources, provider: IdentityProvider, *, now: Callable[[], float] = time.time
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a process that believes the provider's tokens, and API keys."""
    async with running_api(resources.settings) as (app, http):
        verifier = TokenVerifier(resources.settings.auth, KeySet(JWKS_URL, provider.http()))
        app.state.resources = resources
        app.state.authenticator = Authenticator(verifier, resources.sessions, resources.vault, now=now)
        yield http


def bearer(token: str, **headers: str) -> dict[str, str]:
    """The headers of a caller."""
    return {"Authorization": f"Bearer {token}", **headers}


def person(provider: IdentityProvider, subject: str = "ana", scopes: frozenset[str] = SCOPES) -> dict[str, str]:
    """The headers of a person with these scopes."""
    return bearer(provider.token(subject, scope=" ".join(sorted(scopes))))
