"""The OAuth walk against the real stand-in, with a watch that is short enough to wait for."""

import httpx
import pytest

from app.settings import Settings
from sandbox.world import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.http_support import make_settings
from tests.oauth.walk import BACKEND, DEEP_LINK, RETURN_URL, SECRET, Walk
from tests.servers import ServerUrls
from tests.stand_in import StandIn
from worker.job import Runner


@pytest.fixture(scope="session")
def settings(server_urls: ServerUrls, database_name: str, valkey_url: str, stand_in_port: int) -> Settings:
    """The service as it stands before the stand-in, with its lists of addresses."""
    return make_settings(
        database_url=server_urls.postgres("banking_app", database_name),
        migration_database_url=server_urls.postgres("banking_owner", database_name),
        redis_url=valkey_url,
        backend_url=BACKEND,
        oauth_redirect_uris=DEEP_LINK,
        oauth_return_urls=RETURN_URL,
        poll_interval_seconds=0.1,
        pluggy_base_url=f"http://127.0.0.1:{stand_in_port}",
        pluggy_client_id=DEFAULT_CLIENT_ID,
        pluggy_client_secret=DEFAULT_CLIENT_SECRET,
        pluggy_use_sandbox=True,
        pluggy_webhook_secret=SECRET,
    )


@pytest.fixture
async def walk(client: httpx.AsyncClient, stand_in: StandIn, runner: Runner) -> Walk:
    """The person, the client, the bank and the worker."""
    return Walk(client, stand_in, runner)
