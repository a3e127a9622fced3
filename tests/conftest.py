"""Servers for the tests that need them: started at the first use, shared by all xdist workers."""

import gc
import warnings
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest

import worker.jobs  # noqa: F401 # registers them
from app.database import Sessions, transaction
from app.ids import new_id
from app.logs import configure_logs
from app.owners.models import Owner
from app.resources import Resources, open_resources
from app.settings import Settings
from sandbox.stack.children import free_port
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.database import empty, make_database
from tests.http_support import make_settings
from tests.readers import reader
from tests.servers import Servers, ServerUrls
from tests.stand_in import StandIn, running_stand_in
from worker.job import Runner

SERVERS = pytest.StashKey[Servers]()


def running_servers(config: pytest.Config) -> Servers:
    """The session's servers; started now unless they already run. For the process that controls the session."""
    if SERVERS not in config.stash:
        config.stash[SERVERS] = Servers.started()
    return config.stash[SERVERS]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand an xdist worker the addresses; the servers belong to the controller, which outlives the workers."""
    node.workerinput["servers"] = tuple(running_servers(node.config).urls)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest file: begun last, it would keep one process busy and the others idle."""
    items.sort(key=lambda item: item.path.name != "test_state_machine.py")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Collect what work that was cut off left behind before the reporters are loaded."""
    collect_cut_off_work()


def collect_cut_off_work() -> None:
    """Collect half-open sockets and greenlets: CPython 3.11 fails to compile while one of those is being collected."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers when the session is over."""
    if SERVERS in config.stash:
        config.stash[SERVERS].stop()


@pytest.fixture(scope="session")
def server_urls(request: pytest.FixtureRequest) -> ServerUrls:
    """Where PostgreSQL and Valkey listen."""
    workerinput: dict[str, Any] | None = getattr(request.config, "workerinput", None)
    return running_servers(request.config).urls if workerinput is None else ServerUrls(*workerinput["servers"])


@pytest.fixture(scope="session")
def postgres_url(server_urls: ServerUrls) -> Callable[..., str]:
    """`postgres_url(user, database="banking")` for `banking_owner`, `banking_app` or the superuser `postgres`."""
    return server_urls.postgres


@pytest.fixture(scope="session")
def valkey_url(server_urls: ServerUrls, worker_number: int) -> str:
    """A Valkey database of this worker's own."""
    return f"{server_urls.valkey.rpartition('/')[0]}/{worker_number}"


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    """0, 1, … under xdist; 0 without it."""
    workerinput: dict[str, Any] = getattr(request.config, "workerinput", {"workerid": "gw0"})
    return int(workerinput["workerid"].removeprefix("gw"))


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    """Logs as a deployment has them; the default set-up would print the locals of every frame."""
    configure_logs(make_settings().service)


@pytest.fixture(scope="session")
async def database_name(server_urls: ServerUrls, worker_number: int) -> str:
    """The name of this process's own migrated database."""
    name = f"banking_tests_{worker_number}"
    await make_database(server_urls, name)
    return name


@pytest.fixture(scope="session")
def superuser_url(server_urls: ServerUrls, database_name: str) -> str:
    """That database for the superuser, whom no row-level security hides anything from."""
    return server_urls.postgres("postgres", database_name)


@pytest.fixture(scope="session")
def stand_in_port() -> int:
    """Where this process's stand-in listens once a test asks for it; nobody answers before."""
    return free_port()


@pytest.fixture(scope="session")
async def stand_in_server(stand_in_port: int) -> AsyncIterator[StandIn]:
    """The process's stand-in."""
    async with running_stand_in(stand_in_port) as served:
        yield served


@pytest.fixture
async def stand_in(stand_in_server: StandIn) -> StandIn:
    """A stand-in that has forgotten everything."""
    await stand_in_server.reset()
    return stand_in_server


@pytest.fixture
async def runner(resources: Resources) -> AsyncIterator[Runner]:
    """What the worker works with; `await runner.settle()` carries out everything that is due."""
    running = Runner(resources)
    yield running
    await running.stop()  # a test that ended in the middle must not write into the next one's ledger


@pytest.fixture(scope="session")
def settings_with(
    server_urls: ServerUrls, database_name: str, valkey_url: str, stand_in_port: int
) -> Callable[..., Settings]:
    """`settings_with(**given)` for settings with real servers; Pluggy is the stand-in, for tests that have it run."""
    return partial(
        make_settings,
        database_url=server_urls.postgres("banking_app", database_name),
        migration_database_url=server_urls.postgres("banking_owner", database_name),
        redis_url=valkey_url,
        pluggy_base_url=f"http://127.0.0.1:{stand_in_port}",
        pluggy_client_id=DEFAULT_CLIENT_ID,
        pluggy_client_secret=DEFAULT_CLIENT_SECRET,
        pluggy_use_sandbox=True,
        pluggy_webhook_secret="a-webhook-secret-of-32-bytes-or-more",
    )


@pytest.fixture(scope="session")
def settings(settings_with: Callable[..., Settings]) -> Settings:
    """The settings of every test; a folder that wants more of them has a fixture of this name."""
    return settings_with()


@pytest.fixture
async def resources(settings: Settings, superuser_url: str) -> AsyncIterator[Resources]:
    """What the service has open, on real servers; whatever the test committed is removed after it."""
    async with open_resources(settings, statement_ms=10_000) as opened:
        yield opened
        await opened.redis.flushdb()
    await empty(superuser_url)


@pytest.fixture
def sessions(resources: Resources) -> Sessions:
    """The factory of sessions, under the service's own role."""
    return resources.sessions


@pytest.fixture
async def owner_id(sessions: Sessions) -> UUID:
    """A tenant."""
    return await add_owner(sessions, "ana")


@pytest.fixture
async def other_owner_id(sessions: Sessions) -> UUID:
    """Another tenant."""
    return await add_owner(sessions, "bruno")


async def add_owner(sessions: Sessions, subject: str) -> UUID:
    """Add a tenant and return its id."""
    owner = Owner(id=new_id(), issuer="https://issuer.example", subject=subject)
    async with transaction(sessions, None) as session:
        session.add(owner)
    return owner.id


@pytest.fixture
async def client(resources: Resources, owner_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """The API over the test's resources; its caller is `owner_id`."""
    async with reader(resources, owner_id) as http:
        yield http


@pytest.fixture
async def stranger(resources: Resources, other_owner_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """The API as another owner reaches it."""
    async with reader(resources, other_owner_id) as http:
        yield http
