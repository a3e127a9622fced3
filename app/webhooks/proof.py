"""Whether a delivery comes from Pluggy: any one valid proof suffices (R57). Pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence

from app.settings import PluggySettings


def is_proven(settings: PluggySettings, headers: Sequence[tuple[str, str]], raw: bytes) -> bool:
    """Tell whether the delivery bears the secret header or an HMAC-SHA512 of its raw body, under a live secret.

    Without a configured secret nothing is proven. Every secret is compared, each in constant time. A header sent
    twice proves nothing. Source: docs/pluggy.md, "Webhook proofs".
    """
    secret = _only(headers, settings.webhook_secret_header)
    signature = _only(headers, settings.webhook_signature_header)
    proofs = [_equal(secret, known) for known in settings.webhook_secrets]
    proofs += [_equal(signature, _sign(key, raw)) for known in settings.webhook_secrets for key in _key_forms(known)]
    return any(proofs)


def _only(headers: Sequence[tuple[str, str]], name: str) -> str:
    values = [value for key, value in headers if key.lower() == name.lower()]
    return values[0] if len(values) == 1 else ""


def _equal(given: str, expected: str) -> bool:
    return bool(given) and hmac.compare_digest(given.encode(), expected.encode())


def _key_forms(secret: str) -> Iterator[bytes]:
    """Yield the secret's text and, where it is base64, its bytes: which of them Pluggy signs with is not documented."""
    yield secret.encode()
    try:
        yield base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return


def _sign(key: bytes, raw: bytes) -> str:
    return base64.b64encode(hmac.new(key, raw, hashlib.sha512).digest()).decode()
