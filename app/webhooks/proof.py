"""Whether a delivery comes from Pluggy: any one valid proof suffices (R57). Pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.settings import PluggySettings

TOLERANCE: Final = timedelta(minutes=5)
"""How far the instant of a signature that bears one may lie from ours, in either direction."""

Headers = Sequence[tuple[str, str]]


def is_proven(settings: PluggySettings, headers: Headers, raw: bytes, *, now: datetime) -> bool:
    """Tell whether the delivery bears the secret header or an HMAC of its raw body, under a live secret.

    Without a configured secret nothing is proven. Every secret is compared, each in constant time. A header sent
    twice proves nothing. Source: docs/pluggy.md, "Webhook proofs".
    """
    secret = _only(headers, settings.webhook_secret_header)
    signature = _only(headers, settings.webhook_signature_header)
    hexadecimal = _only(headers, settings.webhook_sha256_header).removeprefix("sha256=")
    signed = [raw, *_with_instant(_only(headers, settings.webhook_timestamp_header), raw, now=now)]
    proofs = []
    for known in settings.webhook_secrets:
        proofs.append(_equal(secret, known))
        if signature:
            proofs += [_equal(signature, _sha512(key, raw)) for key in _key_forms(known)]
        if hexadecimal:
            proofs += [_equal(hexadecimal, _sha256(known.encode(), each)) for each in signed]
    return any(proofs)


def _only(headers: Headers, name: str) -> str:
    values = [value for key, value in headers if name and key.lower() == name.lower()]
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


def _sha512(key: bytes, raw: bytes) -> str:
    return base64.b64encode(hmac.new(key, raw, hashlib.sha512).digest()).decode()


def _sha256(key: bytes, signed: bytes) -> str:
    return hmac.new(key, signed, hashlib.sha256).hexdigest()


def _with_instant(text: str, raw: bytes, *, now: datetime) -> Iterator[bytes]:
    """Yield what a signature with an instant is over, unless that is absent, no number, or far off."""
    if text.isascii() and text.isdigit() and len(text) <= 12 and abs(now.timestamp() - int(text)) <= TOLERANCE.seconds:
        yield text.encode() + b"." + raw
