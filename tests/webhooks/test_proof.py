"""Proofs of Pluggy's webhooks (R57)."""

from datetime import UTC, datetime, timedelta

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
SHA256 = "0bc210681eb7d89d0ccb0f8daf1da09d3513f5a4d8977ebcbb3a985e846f7416"
SHA256_WITH_INSTANT = "01bd07d78149f7a72024f0823345eabda3dd503cd37ad89866e247f2c45edcea"
HEADER, SIGNATURE = "X-Webhook-Secret", "X-HMAC-SHA512-Signature"
LEGACY, INSTANT = "X-Pluggy-Signature", "X-Pluggy-Timestamp"
SIGNED_AT = 1795000000
NOW = datetime.fromtimestamp(SIGNED_AT, UTC)
WITH_LEGACY = {"pluggy_webhook_sha256_header": LEGACY}


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
        ({"pluggy_webhook_secret": "old", "pluggy_webhook_secret_next": ENCODED}, [(SIGNATURE, SIGNED_DECODED)]),
        (WITH_LEGACY, [(LEGACY, SHA256)]),
        (WITH_LEGACY, [(LEGACY, f"sha256={SHA256}")]),
        (WITH_LEGACY, [(LEGACY, SHA256_WITH_INSTANT), (INSTANT, str(SIGNED_AT))]),
        ({**WITH_LEGACY, "pluggy_webhook_secret": "old", "pluggy_webhook_secret_next": SECRET}, [(LEGACY, SHA256)]),
    ],
)
def test_any_one_valid_proof_suffices(given: dict[str, str], headers: list[tuple[str, str]]) -> None:
    assert is_proven(settings(**given), headers, RAW, now=NOW)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(HEADER, "")],
        [(HEADER, SECRET[:-1])],
        [(HEADER, SECRET), (HEADER, SECRET)],
        [(SIGNATURE, SIGNED[:-4])],
        [(SIGNATURE, "é")],
        [(LEGACY, SIGNED)],
        [(LEGACY, SHA256)],
        [(SIGNATURE, SHA256)],
    ],
)
def test_anything_else_is_no_proof(headers: list[tuple[str, str]]) -> None:
    assert not is_proven(settings(), headers, RAW, now=NOW)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_an_instant_may_be_five_minutes_off(seconds: int) -> None:
    headers = [(LEGACY, SHA256_WITH_INSTANT), (INSTANT, str(SIGNED_AT))]

    assert is_proven(settings(**WITH_LEGACY), headers, RAW, now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("instant", "seconds"),
    [(str(SIGNED_AT), 301), (str(SIGNED_AT), -301), (str(SIGNED_AT + 1), 0), (f"{SIGNED_AT}.0", 0), ("9" * 400, 0),
     ("-1", 0), ("²", 0), ("", 0)],
)  # fmt: skip
def test_a_signature_whose_instant_is_far_off_or_another_is_no_proof(instant: str, seconds: int) -> None:
    headers = [(LEGACY, SHA256_WITH_INSTANT), (INSTANT, instant)]

    assert not is_proven(settings(**WITH_LEGACY), headers, RAW, now=NOW + timedelta(seconds=seconds))


def test_two_signatures_or_two_instants_are_no_proof() -> None:
    sound = [(LEGACY, SHA256_WITH_INSTANT), (INSTANT, str(SIGNED_AT))]

    for doubled in sound:
        assert not is_proven(settings(**WITH_LEGACY), [*sound, doubled], RAW, now=NOW)


def test_a_signature_of_reserialised_json_is_no_proof() -> None:
    spaced = RAW.replace(b":", b": ").replace(b",", b", ")

    headers = [(SIGNATURE, SIGNED), (LEGACY, SHA256), (INSTANT, str(SIGNED_AT))]
    assert not is_proven(settings(**WITH_LEGACY), headers, spaced, now=NOW)


def test_without_a_secret_nothing_is_proven() -> None:
    """Fails closed (R70)."""
    assert not is_proven(make_settings(**WITH_LEGACY).pluggy, [(HEADER, ""), (SIGNATURE, "")], RAW, now=NOW)
