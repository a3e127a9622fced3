"""The API process as its operator starts it."""

import os
import subprocess
import sys
from pathlib import Path

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
