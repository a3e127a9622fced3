""".env.example names every setting of the service, and none that it does not know."""

import re
from pathlib import Path

from dotenv import dotenv_values
from pydantic_settings import BaseSettings

from app import settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
MISSION = [
    "PLUGGY_CLIENT_ID",
    "PLUGGY_CLIENT_SECRET",
    "PLUGGY_BASE_URL",
    "PLUGGY_USE_SANDBOX",
    "PLUGGY_WEBHOOK_SECRET",
    "BACKEND_URL",
]


def names_of_settings() -> set[str]:
    groups = [group for group in vars(settings).values() if isinstance(group, type) and issubclass(group, BaseSettings)]
    return {
        (group.model_config.get("env_prefix", "") + field).upper() for group in groups for field in group.model_fields
    }


def test_the_example_names_every_setting_and_no_other() -> None:
    named = re.findall(r"^#?([A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)

    assert sorted(named) == sorted(names_of_settings())


def test_a_plain_copy_of_the_example_sets_only_what_is_safe_to_set() -> None:
    """Copied as it is, it must leave `make run` on the stand-in."""
    values = dotenv_values(EXAMPLE)

    assert list(values) == MISSION
    assert not values["PLUGGY_CLIENT_ID"]
