"""Signatures of what is sent, by Standard Webhooks (R44)."""

import base64
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32


def make_secret() -> str:
    """Return a fresh secret: 256 random bits, written as the standard asks."""
    return PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def signed_headers(secrets: Sequence[str], message_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """Return the headers that prove the body's origin, with a signature by each of the secrets."""
    signatures = [Webhook(secret).sign(message_id, now, body.decode()) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
