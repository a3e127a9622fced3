"""Proofs of Pluggy's webhooks (R57)."""

import pytest

from app.settings import PluggySettings
from app.webhooks.proof import is_proven
from tests.http_support import make_settings

SECRET = "whsec_demo_0123456789abcdef"
ENCODED = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
RAW = (
    b'{"event":"item/updated","eventId":"7c0e2f5a-3a55-4a9e-9d0e-6a1f0f3b2c11",'
    b'"itemId":"0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f","triggeredBy":"SYNC","clientUserId":"user-42"}'
)
SIGNED = "wyvaPzzi4nYKVk8CpLbu8NK9+tLpwYnhDJXqCBr84JeIHC+3gvppdVc/7jlcCxmAzmL1Ge7hRtrQYPqPiRZOUQ=="
SIGNED_DECODED = "cks3UBy4wA1wzyoPj88UCFMQW6xtf7wwhWhPuneL/YyCzeiLAQ0Fkpu4D4TFvZ90NtPXerZVI/7ngNtF/UVYQw=="
SIGNED_AS_TEXT = "Xp3pNYJvxf7l3JkJ21SKxcvrJugorHbKIyCNVvNgBWgQFWqpYqw8KZfvrgendpEPsRqiuilTw2G6svYq4Qxzhw=="
HEADER, SIGNATURE = "X-Webhook-Secret", "X-HMAC-SHA512-Signature"


def settings(**given: str) -> PluggySettings:
    return make_settings(**{"pluggy_webhook_secret": SECRET, **given}).pluggy


@pytest.mark.parametrize(
    ("given", "headers"),
    [
        ({}, [(HEADER, SECRET)]),
        ({}, [(HEADER.lower(), SECRET)]),
        ({}, [(SIGNATURE, SIGNED)]),
        ({"pluggy_webhook_secret": ENCODED}, [(SIGNATURE, SIGNED_DECODED)]),
        ({"pluggy_webhook_secret": ENCODED}, [(SIGNATURE, SIGNED_AS_TEXT)]),
        ({"pluggy_webhook_secret": "old", "pluggy_webhook_secret_next": SECRET}, [(HEADER, SECRET)]),
        ({"pluggy_webhook_secret": "old", "pluggy_webhook_secret_next": SECRET}, [(SIGNATURE, SIGNED)]),
        ({}, [(HEADER, "wrong"), (SIGNATURE, SIGNED)]),
        ({"pluggy_webhook_secret_header": "X-Ours"}, [("x-ours", SECRET)]),
    ],
)
def test_any_one_valid_proof_suffices(given: dict[str, str], headers: list[tuple[str, str]]) -> None:
    assert is_proven(settings(**given), headers, RAW)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(HEADER, "")],
        [(HEADER, SECRET[:-1])],
        [(HEADER, SECRET), (HEADER, SECRET)],
        [(SIGNATURE, SIGNED[:-4])],
        [(SIGNATURE, "é")],
        [("X-Pluggy-Signature", SIGNED)],
    ],
)
def test_anything_else_is_no_proof(headers: list[tuple[str, str]]) -> None:
    assert not is_proven(settings(), headers, RAW)


def test_a_signature_of_reserialised_json_is_no_proof() -> None:
    spaced = RAW.replace(b":", b": ").replace(b",", b", ")

    assert not is_proven(settings(), [(SIGNATURE, SIGNED)], spaced)


def test_without_a_secret_nothing_is_proven() -> None:
    """Fails closed (R70)."""
    assert not is_proven(make_settings().pluggy, [(HEADER, ""), (SIGNATURE, "")], RAW)
