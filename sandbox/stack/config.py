"""What the stack is asked to run: the environment, `.env`, and secrets made once."""

import base64
import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from dotenv import dotenv_values

from sandbox.stack.children import StackError
from sandbox.stack.files import write_private

ROOT: Final = Path(__file__).parents[2]
STAND_IN_CLIENT_ID: Final = "00000000-0000-4000-8000-000000000001"
STAND_IN_CLIENT_SECRET: Final = "sandbox-secret"  # noqa: S105 - the stand-in's published default


class NoStackError(StackError):
    """No stack runs on this data."""


@dataclass(frozen=True)
class Config:
    """`environment` is `.env` below the process's own variables, without empty ones."""

    environment: dict[str, str]
    data_dir: Path
    api_port: int
    sandbox_port: int

    @classmethod
    def read(cls, env_file: Path = ROOT / ".env") -> Self:
        """Raises StackError naming the setting that can't be used."""
        given = [*dotenv_values(env_file).items(), *os.environ.items()]
        environment = {name: value for name, value in given if value}
        if environment.get("ENVIRONMENT") == "production":
            raise StackError("ENVIRONMENT is production: the local stack is for development alone.")
        return cls(
            environment=environment,
            data_dir=(ROOT / environment.get("DATA_DIR", ".data")).absolute(),
            api_port=_port(environment, "API_PORT", 8000),
            sandbox_port=_port(environment, "SANDBOX_PORT", 8100),
        )

    @property
    def uses_stand_in(self) -> bool:
        """False with real Pluggy credentials."""
        return self.environment.get("PLUGGY_CLIENT_ID", STAND_IN_CLIENT_ID) == STAND_IN_CLIENT_ID

    @property
    def run_file(self) -> Path:
        """Where a running stack says how to reach it."""
        return self.data_dir / "run.json"

    @property
    def environment_file(self) -> Path:
        """What API and worker of a running stack were given; it holds secrets."""
        return self.data_dir / "environment.json"

    @property
    def key_file(self) -> Path:
        """The token issuer's key."""
        return self.data_dir / "issuer-key.pem"

    def log(self, name: str) -> Path:
        """A child's log."""
        return self.data_dir / "logs" / f"{name}.log"

    def secrets(self) -> dict[str, str]:
        """Secrets of the service by their environment names, made at the first call and kept; given ones win."""
        file = self.data_dir / "secrets.json"
        if not file.exists():
            key = base64.b64encode(secrets.token_bytes(32)).decode()
            made = {"ENCRYPTION_KEYS": f"local:{key}", "PLUGGY_WEBHOOK_SECRET": secrets.token_hex(32)}
            write_private(file, json.dumps(made, indent=2))
        kept: dict[str, str] = json.loads(file.read_text())
        return {name: self.environment.get(name, value) for name, value in kept.items()}

    def lock(self) -> IO[str]:
        """Take the data directory for this process until the answer is closed; StackError when another one has it."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        file = (self.data_dir / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise StackError(
                f"A stack already runs on {self.data_dir}{self._where()}.\n"
                "Stop it with Ctrl-C, or give this one data of its own: make run DATA_DIR=.data2"
            ) from None
        return file

    def running(self) -> dict[str, Any]:
        """What the running stack wrote into run.json; NoStackError when none runs."""
        try:
            self.lock().close()
        except StackError:
            if self.run_file.exists():
                facts: dict[str, Any] = json.loads(self.run_file.read_text())
                return facts
            raise StackError("The stack is still starting. Try again in a few seconds.") from None
        raise NoStackError(f"No stack runs on {self.data_dir}. Start one with: make run")

    def _where(self) -> str:
        return f" ({json.loads(self.run_file.read_text())['api_url']})" if self.run_file.exists() else ""


def _port(environment: dict[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdigit() or int(text) >= 2**16:
        raise StackError(f"{name} is {text!r}; it must be a port number, or 0 for any that is free.")
    return int(text)
