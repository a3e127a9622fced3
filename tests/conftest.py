"""Servers for the tests that need them: started at the first use, shared by all xdist workers."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.servers import Servers, ServerUrls

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
