"""What the stack reads, keeps, and refuses."""

import base64
import json
from pathlib import Path

import pytest

from sandbox.stack.children import StackError
from sandbox.stack.config import STAND_IN_CLIENT_ID, Config

NO_FILE = Path("/nonexistent/.env")


def make_config(tmp_path: Path, **environment: str) -> Config:
    return Config(environment=environment, data_dir=tmp_path, api_port=8000, sandbox_port=8100)


def test_secrets_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    first = make_config(tmp_path).secrets()
    second = make_config(tmp_path).secrets()

    assert first == second
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    key_id, _, key = first["ENCRYPTION_KEYS"].partition(":")
    assert key_id
    assert len(base64.b64decode(key)) == 32
    assert len(first["PLUGGY_WEBHOOK_SECRET"]) >= 32


def test_a_given_secret_wins(tmp_path: Path) -> None:
    secrets = make_config(tmp_path, PLUGGY_WEBHOOK_SECRET="given").secrets()

    assert secrets["PLUGGY_WEBHOOK_SECRET"] == "given"


def test_a_second_stack_on_the_same_data_is_refused(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    lock = config.lock()
    config.run_file.write_text(json.dumps({"api_url": "http://127.0.0.1:8000"}))

    with pytest.raises(StackError, match=r"already runs on .* \(http://127.0.0.1:8000\)[\s\S]*make run DATA_DIR="):
        config.lock()

    lock.close()
    config.lock().close()


def test_without_a_running_stack_there_are_no_facts(tmp_path: Path) -> None:
    """A killed stack leaves run.json behind; the lock tells."""
    config = make_config(tmp_path)
    config.run_file.write_text(json.dumps({"api_url": "http://127.0.0.1:8000"}))

    with pytest.raises(StackError, match="No stack runs on"):
        config.running()


@pytest.mark.parametrize(
    ("client_id", "uses_stand_in"),
    [(None, True), (STAND_IN_CLIENT_ID, True), ("11111111-2222-4333-8444-555555555555", False)],
)
def test_real_credentials_mean_the_real_pluggy(tmp_path: Path, client_id: str | None, uses_stand_in: bool) -> None:
    environment = {} if client_id is None else {"PLUGGY_CLIENT_ID": client_id}

    assert make_config(tmp_path, **environment).uses_stand_in is uses_stand_in


@pytest.mark.parametrize("value", ["http", "70000", "-1"])
def test_a_port_that_is_none_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_PORT", value)

    with pytest.raises(StackError, match="API_PORT"):
        Config.read(NO_FILE)


def test_production_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    with pytest.raises(StackError, match="production"):
        Config.read(NO_FILE)


def test_the_environment_wins_over_the_file_and_empty_counts_as_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("API_PORT=9001\nSANDBOX_PORT=9002\nPLUGGY_CLIENT_ID=\n")
    monkeypatch.setenv("API_PORT", "9003")
    monkeypatch.setenv("SANDBOX_PORT", "")
    monkeypatch.delenv("PLUGGY_CLIENT_ID", raising=False)

    config = Config.read(tmp_path / ".env")

    assert (config.api_port, config.sandbox_port, config.uses_stand_in) == (9003, 9002, True)
