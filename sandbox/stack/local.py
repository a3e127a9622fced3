"""The parts of the local stack and the order in which they start."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from sandbox.stack.children import StackError, free_port, is_free, last_lines, spawn
from sandbox.stack.config import ROOT, STAND_IN_CLIENT_ID, STAND_IN_CLIENT_SECRET, Config
from sandbox.stack.files import write_private
from sandbox.stack.issuer import AUDIENCE, ISSUER, TokenIssuer, jwks_url
from sandbox.stack.postgres import PostgresServer
from sandbox.stack.services import Service, Supervisor, ended
from sandbox.stack.valkey import ValkeyServer
from sandbox.stack.webhook import register_webhook

DEMO_OWNER: Final = "demo"

Say = Callable[[str], None]
Probe = Callable[[], Awaitable[bool]]


class LocalStack:
    """PostgreSQL, Valkey, the stand-in, the API and one worker on loopback, with a token issuer.

    `environment` is what API and worker get; `facts` is the content of run.json. Both are whole once `start` returned.
    """

    def __init__(self, config: Config, say: Say) -> None:
        self.config = config
        self.issuer: TokenIssuer | None = None
        self.environment: dict[str, str] = {}
        self.facts: dict[str, Any] = {}
        self._say = say
        self._supervisor = Supervisor(say)
        self._claimed: set[int] = set()
        self._lock: IO[str] | None = None
        self._jwks: asyncio.Server | None = None

    async def start(self) -> None:
        """Return once the API answers; StackError, with what to do, when something can't start."""
        api_port = await self.start_without_service()
        await self._start_service(api_port)
        self._write_facts(api_port)

    async def start_without_service(self) -> int:
        """Start all that the service stands on; the port that is kept for the API. `environment` is whole then."""
        config = self.config
        self._lock = config.lock()
        config.run_file.unlink(missing_ok=True)
        self.issuer = TokenIssuer(config.key_file)
        self._jwks = await self.issuer.serve()
        api_port = self._claim_port("API_PORT", config.api_port)
        self.environment = {**config.environment, **config.secrets(), "DATA_DIR": str(config.data_dir)}
        self._add_issuer_and_addresses(api_port, jwks_url(self._jwks))
        await asyncio.gather(self._start_servers(), self._start_stand_in())
        await self._migrate()
        return api_port

    async def stop(self) -> None:
        """Stop everything, at most 10 s; safe after a failed start."""
        await self._supervisor.stop()
        if self._jwks is not None:
            self._jwks.close()
        if self._lock is not None:
            self.config.run_file.unlink(missing_ok=True)
            self.config.environment_file.unlink(missing_ok=True)
            self._lock.close()

    def _add_issuer_and_addresses(self, api_port: int, key_set_url: str) -> None:
        address = f"http://127.0.0.1:{api_port}"
        self.environment |= {"AUTH_JWKS_URL": key_set_url, "AUTH_ISSUER": ISSUER, "AUTH_AUDIENCE": AUDIENCE}
        self.environment["AUTH_OWNER_CLAIM"] = "sub"
        self.environment.setdefault("WEBHOOK_ALLOW_LOOPBACK", "true")
        for name in ("NO_PROXY", "no_proxy"):
            self.environment[name] = ",".join([*filter(None, [self.environment.get(name)]), "127.0.0.1", "localhost"])
        if self.config.uses_stand_in:
            self.environment["BACKEND_URL"] = address  # where the stand-in reaches us, whatever .env says
        else:
            self.environment.setdefault("BACKEND_URL", address)

    async def _start_servers(self) -> None:
        services = [service for service in (await self._postgres(), self._valkey()) if service is not None]
        await self._supervisor.start(*services)
        for service in services:
            self._say(f"  {service.name:<12} ready")

    async def _postgres(self) -> Service | None:
        if "DATABASE_URL" in self.config.environment:
            self._say("  PostgreSQL   yours (DATABASE_URL)")
            return None
        server = PostgresServer(self.config.data_dir / "postgres", log=self._fresh_log("postgres"))
        await asyncio.to_thread(server.prepare)
        server.port = self._any_port()
        self.environment |= {
            "DATABASE_URL": server.url("banking_app"),
            "MIGRATION_DATABASE_URL": server.url("banking_owner"),
        }
        remedy = f"Its files are in {server.cluster}; `make clean` removes them, and the ledger with them."
        return Service(
            *("PostgreSQL", server.launch, server.is_ready, server.log, remedy), stop_signal=server.stop_signal
        )

    def _valkey(self) -> Service | None:
        if "REDIS_URL" in self.config.environment:
            self._say("  Valkey       yours (REDIS_URL)")
            return None
        log = self._fresh_log("valkey")
        server = ValkeyServer(self.config.data_dir, port=self._any_port(), log=log)
        self.environment["REDIS_URL"] = server.url()
        remedy = "Set REDIS_URL to use a Redis or Valkey of yours."
        return Service("Valkey", server.launch, server.is_ready, log, remedy)

    async def _start_stand_in(self) -> None:
        if not self.config.uses_stand_in:
            self._say("  Pluggy       the real one (PLUGGY_CLIENT_ID)")
            return
        port = self._claim_port("SANDBOX_PORT", self.config.sandbox_port)
        address = f"http://127.0.0.1:{port}"
        self.environment |= {
            "PLUGGY_CLIENT_ID": STAND_IN_CLIENT_ID,
            "PLUGGY_CLIENT_SECRET": STAND_IN_CLIENT_SECRET,
            "PLUGGY_BASE_URL": address,
            "PLUGGY_USE_SANDBOX": "true",
        }
        self.environment.setdefault("CONNECT_PAGE_URL", f"{address}/connect")
        command = ("sandbox", "--port", str(port))
        ready = partial(_answers, port, "/")
        await self._supervisor.start(self._python("stand-in", command, ready, "Read its log, then start again."))
        secret_header = self.environment.get("PLUGGY_WEBHOOK_SECRET_HEADER", "X-Webhook-Secret")
        headers = {secret_header: self.environment["PLUGGY_WEBHOOK_SECRET"]}
        await register_webhook(address, f"{self.environment['BACKEND_URL']}/api/banking/webhooks/pluggy/", headers)
        self._say(f"  stand-in     ready on {address}")

    async def _migrate(self) -> None:
        log = self._fresh_log("migrations")
        command = [sys.executable, "-m", "alembic", "upgrade", "head"]
        child = spawn(command, log=log, environment=self.environment, directory=ROOT)
        if await ended(child) != 0:
            raise StackError(f"The migrations failed (code {child.returncode}).\n{last_lines(log, 25)}")
        self._say("  migrations   done")

    async def _start_service(self, api_port: int) -> None:
        address = f"http://127.0.0.1:{api_port}"
        listen = ("--host", "127.0.0.1", "--port", str(api_port), "--no-access-log", "--timeout-graceful-shutdown", "2")
        command = ("uvicorn", "--factory", "app.main:create_app", *listen)
        remedy = "If a setting is named above, correct it in .env or in the environment."
        api = self._python("API", command, partial(_answers, api_port, "/healthz", status="200"), remedy)
        worker = self._python("worker", ("worker",), None, remedy)
        await self._supervisor.start(api, worker)
        self._say(f"  API          ready on {address}\n  worker       ready")

    def _python(self, name: str, command: tuple[str, ...], is_ready: Probe | None, remedy: str) -> Service:
        log = self._fresh_log(name.lower())
        environment = {**self.environment, "PYTHONUNBUFFERED": "1", "INTERNAL_PORT": str(self._any_port())}
        arguments = [sys.executable, "-m", *command]
        launch = partial(spawn, arguments, log=log, environment=environment, directory=ROOT)
        return Service(name, launch, is_ready, log, remedy)

    def _write_facts(self, api_port: int) -> None:
        assert self.issuer is not None  # noqa: S101 - made before
        api_url = f"http://127.0.0.1:{api_port}"
        self.facts = {
            "api_url": api_url,
            "sandbox_url": self.environment["PLUGGY_BASE_URL"] if self.config.uses_stand_in else None,
            "docs_url": f"{api_url}/api/banking/docs",
            "token": self.issuer.token(DEMO_OWNER),
            "owner": DEMO_OWNER,
            "database_url": self.environment["DATABASE_URL"],
            "redis_url": self.environment["REDIS_URL"],
        }
        write_private(self.config.environment_file, json.dumps(self.environment, indent=2))
        write_private(self.config.run_file, json.dumps(self.facts, indent=2))

    def _claim_port(self, setting: str, wanted: int) -> int:
        port = wanted if wanted and wanted not in self._claimed and is_free(wanted) else self._any_port()
        if wanted not in {0, port}:
            self._say(f"  Port {wanted} is busy; using {port} instead. Choose one with {setting}.")
        self._claimed.add(port)
        return port

    def _any_port(self) -> int:
        """A free port that no other part of the stack was promised; those may not listen yet."""
        while (port := free_port()) in self._claimed:
            pass
        self._claimed.add(port)
        return port

    def _fresh_log(self, name: str) -> Path:
        """The log's path; what an earlier start wrote moves aside to `….previous.log`."""
        log = self.config.log(name)
        log.parent.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            log.rename(log.with_suffix(".previous.log"))
        return log


async def _answers(port: int, path: str, *, status: str = "") -> bool:
    """Whether a server on 127.0.0.1 answers a GET, with `status` if given."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                return (await reader.readline()).decode().startswith(f"HTTP/1.1 {status}")
            finally:
                writer.close()
    return False
