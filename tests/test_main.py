"""The API process as its operator starts it."""

import os
import subprocess
import sys
from pathlib import Path

from app.main import create_app
from app.routing import routes_without_policy
from tests.http_support import make_settings

ROOT = Path(__file__).parents[1]


def test_a_start_with_bad_settings_names_every_problem_and_shows_no_traceback(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": "mysql://x", "AUTH_ISSUER": "i"}

    start = subprocess.run(
        [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app", "--port", "0"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    said = start.stdout + start.stderr
    assert start.returncode == 1
    assert "Traceback" not in said
    for name in ("must look like postgresql://", "REDIS_URL is not set", "PLUGGY_CLIENT_SECRET is not set"):
        assert name in said
    assert "AUTH_ISSUER" not in said


def test_every_route_says_who_may_call_it() -> None:
    """R55."""
    assert routes_without_policy(create_app(make_settings())) == []


def test_every_operation_is_described_under_a_name_of_its_own() -> None:
    document = create_app(make_settings()).openapi()
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] and operation["description"] for operation in operations)
    assert {tag for operation in operations for tag in operation["tags"]} == {tag["name"] for tag in document["tags"]}
