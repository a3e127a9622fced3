"""Verification of users' tokens (R50): fixed algorithms, pinned issuer and audience, keys from one address."""

from dataclasses import dataclass
from typing import Final

import jwt

from app.owners.errors import InvalidToken
from app.owners.keys import KeySet
from app.owners.principal import DEFAULT_SCOPES, SCOPES
from app.settings import AuthSettings

LEEWAY_SECONDS: Final = 30
_MAX_TOKEN_CHARACTERS: Final = 8192
_MAX_SUBJECT_CHARACTERS: Final = 255
_REASONS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.MissingRequiredClaimError: "The token lacks a required claim.",
}


@dataclass(frozen=True)
class Claims:
    """What a valid token says."""

    issuer: str
    subject: str
    scopes: frozenset[str]
    expires_at: float
    """Seconds since the epoch."""


class TokenVerifier:
    """Judges bearer tokens of the deployment's identity provider."""

    def __init__(self, settings: AuthSettings, keys: KeySet) -> None:
        self._settings = settings
        self._keys = keys

    async def verify(self, token: str) -> Claims:
        """Return the claims of a valid token. Raises InvalidToken, IdentityProviderUnavailable."""
        key = await self._keys.find(_key_id(token))
        if key is None:
            raise InvalidToken("The token is signed with an unknown key.")
        owner_claim = self._settings.owner_claim
        try:
            payload = jwt.decode(
                token,
                key.key,
                algorithms=key.algorithms,
                issuer=self._settings.issuer,
                audience=self._settings.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", owner_claim]},
            )
        except (jwt.PyJWTError, ValueError, OverflowError) as error:
            raise InvalidToken(_REASONS.get(type(error), "The token is not valid.")) from None
        subject = payload[owner_claim]
        if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT_CHARACTERS or "\0" in subject:
            raise InvalidToken("The token names no owner.")
        return Claims(payload["iss"], subject, _scopes(payload.get("scope")), float(payload["exp"]))


def _key_id(token: str) -> str:
    if len(token) > _MAX_TOKEN_CHARACTERS:
        raise InvalidToken("The token is too long.")
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError):
        raise InvalidToken("The token is not a signed JSON Web Token.") from None
    if not isinstance(kid, str):
        raise InvalidToken("The token does not name its key.")
    return kid


def _scopes(claim: object) -> frozenset[str]:
    if claim is None:
        return DEFAULT_SCOPES
    if not isinstance(claim, str):
        raise InvalidToken("The token's scope is not a text.")
    return SCOPES.intersection(claim.split())
