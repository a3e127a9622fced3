"""`banking doctor`: what it finds, and the remedy it gives with each finding."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
from sqlalchemy import text, update

from app import owed
from app.clock import utc_now
from app.connections.models import BankConnection, ItemOwner
from app.database import transaction
from app.ids import new_id
from app.jobs import Kind
from app.pluggy.limits import Group
from app.resources import Resources
from app.settings import Settings
from app.upstream import SharedLimiter
from tests.http_support import make_settings
from tests.operations.conftest import Banking
from tests.pluggy.conftest import make_jwt
from tests.stand_in import StandIn
from tests.sync.support import connect
from tests.test_settings import SOUND
from tests.webhooks.support import PATH, SECRET
from worker.job import Runner

PLUGGY = "https://api.pluggy.ai"


def findings_of(printed: str) -> dict[str, tuple[str, str]]:
    """Each finding that is not well, by its subject: how it weighs, and its text with its remedy."""
    found = re.findall(r"^(warn|FAIL)  (.{12})  (.*)\n {20}-> (.*)$", printed, re.MULTILINE)
    return {subject.strip(): (level, f"{detail} -> {remedy}") for level, subject, detail, remedy in found}


async def test_doctor_finds_a_sound_service_sound(
    banking: Banking, api: str, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    await banking("webhooks", "register")

    code, printed = await banking("doctor", "--connection", connection.id)

    assert code == 0, printed
    assert "FAIL" not in printed
    assert "key used for" in printed
    assert "ceiling 23 h" in printed
    assert str(connection.id) in printed
    assert SECRET not in printed


async def test_doctor_names_each_fault_with_its_remedy(
    banking: Banking, resources: Resources, settings: Settings
) -> None:
    """Nobody listens at BACKEND_URL, at Pluggy's address or at Redis's, and work is late."""
    broken = make_settings(
        database_url=settings.database.url,
        backend_url="http://127.0.0.1:1",
        pluggy_webhook_secret=SECRET,
        environment="development",
    )
    async with transaction(resources.sessions, None) as session:
        await owed.add(session, Kind.WEBHOOK, None, new_id())
        await session.execute(text("UPDATE owed_work SET due_at = now() - interval '1 hour'"))

    code, printed = await banking("doctor", settings=broken)

    assert code == 1
    for word in ("REDIS_URL", "PLUGGY_BASE_URL", "See credentials", "ConnectError", "python -m worker"):
        assert word in printed, printed


@pytest.mark.parametrize(
    ("is_disabled", "secret", "detail", "remedy"),
    [
        (True, "sandbox-secret", "has disabled this application (CLIENT_DISABLED)", "ask Pluggy to enable"),
        (False, "mistyped", "refuses PLUGGY_CLIENT_ID and PLUGGY_CLIENT_SECRET", "Copy both from the dashboard"),
    ],
)
async def test_doctor_tells_a_disabled_application_from_a_mistyped_secret(
    banking: Banking, settings: Settings, stand_in: StandIn, is_disabled: bool, secret: str, detail: str, remedy: str
) -> None:
    """Both are a 401 of POST /auth: for the one nothing is to be changed here, for the other it is."""
    await stand_in.control("PATCH", "/settings", {"clientDisabled": is_disabled})
    refused = make_settings(
        database_url=settings.database.url,
        pluggy_base_url=str(settings.pluggy.base_url),
        pluggy_client_id=settings.pluggy.client_id,
        pluggy_client_secret=secret,
    )

    code, printed = await banking("doctor", settings=refused)

    assert code == 1
    [line] = [at for at, text in enumerate(printed.splitlines()) if text.startswith("FAIL  credentials")]
    assert detail in printed.splitlines()[line]
    assert remedy in printed.splitlines()[line + 1]
    assert secret not in printed


async def test_doctor_tells_a_quota_that_is_used_up(
    banking: Banking, resources: Resources, api: str, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """Pluggy's of this minute for all processes, and the bank's of this month for one connection."""
    connection = await connect(resources, runner, stand_in, owner_id)
    sound = await banking("doctor")
    await SharedLimiter(resources.redis).pause(Group.TRANSACTIONS, 30)
    detail = {"transactions": {"isUpdated": False, "warnings": [{"code": "423", "message": "quota"}]}, "loans": None}
    async with transaction(resources.sessions, owner_id) as session:
        await session.execute(update(BankConnection).values(status_detail=detail))

    _, printed = await banking("doctor", "--connection", connection.id)

    assert "of this minute's share" in sound[1]
    assert re.search(
        r"^warn  quotas +transactions: \d+ of 288 requests this minute, paused \d+ s more$", printed, re.MULTILINE
    )
    assert re.search(r"^quota reached +transactions$", printed, re.MULTILINE)


async def test_doctor_tells_an_unregistered_webhook(banking: Banking, api: str, stand_in: StandIn) -> None:
    code, printed = await banking("doctor")

    assert code == 1
    assert "not registered" in printed
    assert "banking webhooks register" in printed


@pytest.fixture
def real_pluggy() -> Iterator[respx.MockRouter]:
    """Pluggy itself, for findings that no stand-in gives: its clock is an hour ahead, and it has no cursor list."""
    key = make_jwt(exp=utc_now().timestamp() + 7200)
    ahead = format_datetime(utc_now() + timedelta(hours=1), usegmt=True)
    empty: dict[str, Any] = {"page": 1, "total": 0, "totalPages": 1, "results": []}
    with respx.mock(base_url=PLUGGY) as router:
        router.post("/auth").mock(return_value=httpx.Response(200, json={"apiKey": key}))
        router.get("/webhooks").mock(return_value=httpx.Response(200, json=empty))
        router.get("/v2/transactions").mock(
            return_value=httpx.Response(404, json={"code": 404, "message": "Not found"})
        )
        router.get("/").mock(return_value=httpx.Response(404, headers={"date": ahead}))
        yield router


async def test_doctor_tells_what_only_the_real_pluggy_can_be_found_with(
    banking: Banking, resources: Resources, settings: Settings, real_pluggy: respx.MockRouter, owner_id: UUID
) -> None:
    """A clock that is off, no cursor list, a trial that is full, and sandbox banks in production."""
    async with transaction(resources.sessions, None) as session:
        session.add_all(ItemOwner(item_id=new_id(), owner_id=owner_id, connection_id=new_id()) for _ in range(20))
    production = make_settings(
        **{**SOUND, "database_url": settings.database.url}, pluggy_base_url=PLUGGY, pluggy_use_sandbox=True
    )

    code, printed = await banking("doctor", settings=production)

    found = findings_of(printed)
    assert code == 1
    level, told = found["clock"]
    assert (level, told.partition(" -> ")[2]) == (
        "FAIL",
        "Set the clock by NTP: tokens, keys and signatures depend on it.",
    )
    assert re.match(r"\+3[56]\d\d s from Pluggy's", told)
    assert found["environment"][1].endswith("Sandbox banks show in production: unset PLUGGY_USE_SANDBOX.")
    assert found["api version"][0] == "warn"
    assert found["api version"][1].endswith("Ask Pluggy to enable cursor transactions for this application.")
    assert found["webhook"][1].startswith("reconcile-only")
    assert found["plan"][1].startswith("20 item(s) held -> A trial ends after 14 days")


async def test_doctor_tells_a_production_that_reads_a_stand_in(banking: Banking, settings: Settings) -> None:
    production = make_settings(**{**SOUND, "database_url": settings.database.url})

    code, printed = await banking("doctor", settings=production)

    assert code == 1
    level, told = findings_of(printed)["environment"]
    assert (level, told.endswith("Production reads a stand-in: remove PLUGGY_BASE_URL.")) == ("FAIL", True)


async def test_doctor_tells_work_that_was_given_up_and_deliveries_that_were_turned_away(
    banking: Banking, resources: Resources, api: str, stand_in: StandIn
) -> None:
    async with transaction(resources.sessions, None) as session:
        await owed.add(session, Kind.WEBHOOK, None, new_id())
        await session.execute(text("UPDATE owed_work SET due_at = 'infinity'"))
    async with httpx.AsyncClient(base_url=api) as forger:
        await forger.post(PATH, json={"event": "item/updated", "eventId": "1"}, headers={"X-Webhook-Secret": "wrong"})

    _, printed = await banking("doctor")

    found = findings_of(printed)
    assert found["dead work"] == (
        "FAIL",
        "1 piece(s) of work were given up -> Run: banking work list, then: banking work redrive",
    )
    assert found["rejections"][1].endswith("are lost until a reading finds them.")


async def test_doctor_tells_a_database_that_is_not_migrated_or_not_there(
    banking: Banking, settings: Settings, stand_in: StandIn
) -> None:
    """And goes on to look at what needs no database."""
    empty = settings.database.url.rpartition("/")[0] + "/postgres"
    for url, told in ((empty, "alembic upgrade head"), (None, "Check DATABASE_URL and that PostgreSQL runs.")):
        given = {} if url is None else {"database_url": url}
        code, printed = await banking("doctor", settings=make_settings(**given))

        assert code == 1
        level, finding = findings_of(printed)["database"]
        assert (level, told in finding, "credentials" in printed) == ("FAIL", True, True)
