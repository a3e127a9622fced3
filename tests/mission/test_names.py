"""The names and figures that the mission gives are the ones in use."""

import inspect
from uuid import UUID, uuid4

import httpx
import pytest
import respx

from app.accounts.models import Account
from app.clock import utc_now
from app.connections.models import BankConnection
from app.connectors import catalogue
from app.consents.models import Consent
from app.database import Base
from app.owners.principal import DEFAULT_SCOPES, Principal
from app.resources import Resources
from app.settings import PluggySettings, ServiceSettings, SyncSettings
from app.transactions.models import Transaction
from tests.http_support import KnownCaller, make_settings, running_api
from tests.pluggy.conftest import make_jwt
from worker.job import Runner
from worker.main import _arq_worker

ID = "01890000-0000-7000-8000-000000000001"
ROUTES = [
    ("POST", "/api/banking/connections/create_connect_token"),
    ("POST", "/api/banking/connections/create_from_item"),
    ("POST", f"/api/banking/connections/{ID}/sync"),
    ("POST", f"/api/banking/connections/{ID}/update_credentials"),
    ("POST", f"/api/banking/connections/{ID}/update_mfa"),
    ("GET", f"/api/banking/connections/{ID}/consent"),
    ("DELETE", f"/api/banking/connections/{ID}"),
    ("POST", "/api/banking/webhooks/pluggy"),
    ("GET", "/pluggy/callback"),
]


def test_the_settings_bear_the_missions_names() -> None:
    pluggy = {f"PLUGGY_{name}".upper() for name in PluggySettings.model_fields}

    names = {"CLIENT_ID", "CLIENT_SECRET", "BASE_URL", "USE_SANDBOX", "WEBHOOK_SECRET"}
    assert {f"PLUGGY_{name}" for name in names} <= pluggy
    assert "backend_url" in ServiceSettings.model_fields


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("PLUGGY_API_KEY_CACHE_HOURS", 23),
        ("AUTO_SYNC_INTERVAL_HOURS", 12),
        ("POLL_INTERVAL_SECONDS", 5),
        ("POLL_TIMEOUT_SECONDS", 300),
        ("OUTDATED_MAX_RETRIES", 2),
    ],
)
def test_the_missions_figures_are_defaults_that_the_environment_changes(
    monkeypatch: pytest.MonkeyPatch, name: str, figure: int
) -> None:
    """Mission: the loop looks each 5 s for 300 s."""

    def read() -> float:
        settings = make_settings()
        group, field = (settings.pluggy, name.removeprefix("PLUGGY_")) if "KEY" in name else (settings.sync, name)
        value: float = getattr(group, field.lower())
        return value

    monkeypatch.delenv(name, raising=False)
    assert read() == figure
    monkeypatch.setenv(name, "1")
    assert read() == 1


def test_the_figures_are_read_by_their_names() -> None:
    assert set(SyncSettings.model_fields) == {
        "auto_sync_interval_hours", "poll_interval_seconds", "poll_timeout_seconds", "outdated_max_retries"
    }  # fmt: skip


async def test_the_three_functions_of_the_queue_bear_the_missions_names(resources: Resources, runner: Runner) -> None:
    queue = _arq_worker(resources, runner)

    assert {"sync_bank_connection", "auto_sync_connections", "process_webhook_event"} <= queue.functions.keys()
    assert [each.coroutine.__name__ for each in queue.cron_jobs or ()] == ["auto_sync_connections"]


@pytest.mark.parametrize(
    ("model", "name", "table"),
    [
        (BankConnection, "BankConnection", "connections"),
        (Account, "Account", "accounts"),
        (Transaction, "Transaction", "transactions"),
        (Consent, "Consent", "consents"),
    ],
)
def test_the_orm_classes_bear_the_missions_names(model: type[Base], name: str, table: str) -> None:
    assert (inspect.isclass(model), model.__name__, model.__table__.name) == (True, name, table)  # type: ignore[attr-defined] # every mapped table has one


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_answers_with_and_without_the_final_slash(method: str, path: str, slash: str) -> None:
    """401 asks for a token, 400 for a state that means something: a path that is not there answers 404."""
    async with running_api(make_settings()) as (_, http):
        answer = await http.request(method, path + slash)

    assert answer.status_code == (400 if path == "/pluggy/callback" else 401)
    assert "location" not in answer.headers


async def test_a_key_that_lives_48_hours_is_kept_for_23(resources: Resources, owner_id: UUID) -> None:
    """Mission: the API key is kept 23 hours. 82,800 s, from a request of ours to what Redis holds."""
    pluggy = f"http://pluggy-{uuid4().hex}.test"
    settings = make_settings(redis_url=resources.settings.service.redis_url.get_secret_value(), pluggy_base_url=pluggy)
    caller = KnownCaller(principal=Principal(owner_id, DEFAULT_SCOPES, "person"))
    await catalogue.forget()

    with respx.mock(base_url=pluggy) as router:
        key = make_jwt(exp=utc_now().timestamp() + 48 * 3600)
        auth = router.post("/auth").mock(return_value=httpx.Response(200, json={"apiKey": key}))
        router.get("/connectors").mock(
            return_value=httpx.Response(200, json={"page": 1, "total": 0, "totalPages": 1, "results": []})
        )
        async with running_api(settings, caller=caller) as (_, http):
            answer = await http.get("/api/banking/connectors/", headers={"Authorization": "Bearer good"})
    await catalogue.forget()
    lives = [await resources.redis.pttl(name) / 1000 for name in await resources.redis.keys("pluggy:key:*")]

    assert (answer.status_code, auth.call_count) == (200, 1)
    assert len(lives) == 1
    assert 82_790 <= lives[0] <= 82_800
