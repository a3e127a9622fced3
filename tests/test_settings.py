"""What the environment may say together, and what production refuses; each refusal names its remedy."""

from typing import Any

import pytest

from app.settings import SettingsError
from tests.http_support import make_settings

SOUND: dict[str, Any] = {
    "environment": "production",
    "database_url": "postgresql://banking_app:a@db.example/banking",
    "migration_database_url": "postgresql://banking_owner:o@db.example/banking",
    "pluggy_client_secret": "5f0d7c1e-one-of-our-own",
    "pluggy_webhook_secret": "0123456789abcdef0123456789abcdef",
}


def test_a_sound_production_is_let_start() -> None:
    assert make_settings(**SOUND).is_production


@pytest.mark.parametrize(
    ("given", "problem", "remedy"),
    [
        ({"migration_database_url": None}, "MIGRATION_DATABASE_URL is missing", "two roles with deploy/roles.sql"),
        ({"migration_database_url": SOUND["database_url"]}, "equal to DATABASE_URL", "banking_owner here"),
        ({"pluggy_webhook_secret": None}, "PLUGGY_WEBHOOK_SECRET is not set", "set 32 random bytes"),
        ({"pluggy_webhook_secret": "short"}, "shorter than 32 bytes", "openssl rand -hex 32"),
        ({"pluggy_client_secret": "sandbox-secret"}, "is a default of the examples", "set your own"),
        ({"webhook_allow_loopback": True}, "WEBHOOK_ALLOW_LOOPBACK is on", "remove it"),
    ],
)
def test_production_refuses_what_is_not_safe_and_says_what_to_do(
    given: dict[str, Any], problem: str, remedy: str
) -> None:
    """R57, R54: no webhook without proof, no service as the owner of the tables."""
    with pytest.raises(SettingsError) as refused:
        make_settings(**{**SOUND, **given})

    assert problem in str(refused.value)
    assert remedy in str(refused.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        make_settings(**{**SOUND, "webhook_allow_loopback": True, "migration_database_url": None})

    assert len(refused.value.problems) == 2


def test_the_next_secret_stands_beside_a_current_one() -> None:
    with pytest.raises(SettingsError, match="set the current one too"):
        make_settings(pluggy_webhook_secret_next="0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize(
    ("given", "receives"),
    [
        ({}, False),
        ({"backend_url": "https://bank.example.com"}, True),
        ({"backend_url": "http://127.0.0.1:8000"}, True),  # a stand-in reaches it
        ({"backend_url": "http://127.0.0.1:8000", "pluggy_base_url": "https://api.pluggy.ai"}, False),
    ],
)
def test_without_an_address_that_pluggy_reaches_there_are_no_webhooks(given: dict[str, Any], receives: bool) -> None:
    assert make_settings(**given).receives_webhooks is receives
