"""The operators' commands, as they are typed."""

import asyncio
import re
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text, update

from app import owed
from app.cli import main
from app.connections.models import BankConnection
from app.database import transaction
from app.ids import new_id
from app.jobs import Kind
from app.pluggy.limits import Group
from app.resources import Resources
from app.settings import Settings
from app.upstream import SharedLimiter
from app.webhooks import upkeep
from tests.audit.reading import acts
from tests.http_support import make_settings
from tests.operations.conftest import NEXT_SECRET, Banking
from tests.servers import ServerUrls
from tests.stand_in import StandIn, assert_equal_to_truth, held
from tests.sync.support import connect, queue_sync
from tests.webhooks.support import PATH, SECRET, deliver, event_of, inbox_rows, owed_refs, runs_of
from worker.job import Runner
from worker.jobs.webhooks import owe_upkeep


async def webhooks(stand_in: StandIn) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await stand_in.api("GET", "/webhooks"))["results"]
    return found


async def test_register_makes_the_webhook_once(banking: Banking, api: str, stand_in: StandIn) -> None:
    """R42"""
    first = await banking("webhooks", "register")
    second = await banking("webhooks", "register")

    (held,) = await webhooks(stand_in)
    assert (first[0], second[0]) == (0, 0)
    assert "created" in first[1]
    assert "nothing to do" in second[1]
    assert (held["url"], held["event"], held["headers"]) == (api + PATH, "all", {"X-Webhook-Secret": SECRET})
    assert SECRET not in first[1] + second[1]


async def test_the_hourly_check_repairs_the_webhook_and_reads_all_connections(
    api: str, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R31, R42: what was lost while it was disabled is found by reading."""
    connection = await connect(resources, runner, stand_in, owner_id)
    body = {"url": api + PATH, "event": "item/all", "headers": {"X-Webhook-Secret": "stale", "X-Other": "kept"}}
    made = await stand_in.api("POST", "/webhooks", body)
    await stand_in.api("PATCH", f"/webhooks/{made['id']}", {"enabled": False})
    assert connection.item_id is not None
    await stand_in.run_item(connection.item_id, days=5)
    ((lost, *_), *_) = (await held(resources.sessions, owner_id, connection.id)).values()
    await stand_in.control("POST", "/transactions/remove", {"ids": [str(lost.pluggy_id)]}, applyNow=True)

    await upkeep.check_webhook(resources)
    await asyncio.sleep(0.1)
    await runner.settle()

    (webhook,) = await webhooks(stand_in)
    assert (webhook["event"], webhook["disabledAt"]) == ("all", None)
    assert webhook["headers"] == {"X-Webhook-Secret": SECRET, "X-Other": "kept"}
    assert len(await runs_of(resources.sessions, owner_id, trigger="reconcile")) == 1
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_sound_webhook_is_left_alone_even_with_the_next_secret(
    api: str, resources: Resources, stand_in: StandIn
) -> None:
    body = {"url": api + PATH, "event": "all", "headers": {"x-webhook-secret": NEXT_SECRET}}
    await stand_in.api("POST", "/webhooks", body)
    before = await webhooks(stand_in)

    await upkeep.check_webhook(resources)

    assert await webhooks(stand_in) == before
    assert await owed_refs(resources.sessions, "reconcile") == set()


async def test_the_hourly_work_is_owed_once_however_many_workers_start(resources: Resources) -> None:
    for _ in range(3):
        await owe_upkeep(resources)

    assert len(await owed_refs(resources.sessions, "webhook_check")) == 1
    assert len(await owed_refs(resources.sessions, "prune")) == 1


async def test_the_secret_changes_without_a_gap(banking: Banking, api: str, stand_in: StandIn) -> None:
    await banking("webhooks", "register")

    code, printed = await banking("webhooks", "rotate-secret")

    (held,) = await webhooks(stand_in)
    assert code == 0
    assert held["headers"] == {"X-Webhook-Secret": NEXT_SECRET}
    assert NEXT_SECRET not in printed


async def test_the_secret_stays_while_the_api_does_not_take_the_next_one(
    banking: Banking, api: str, stand_in: StandIn, settings: Settings, server_urls: ServerUrls, database_name: str
) -> None:
    await banking("webhooks", "register")
    ahead = make_settings(
        database_url=server_urls.postgres("banking_app", database_name),
        redis_url=settings.service.redis_url,
        backend_url=api,
        pluggy_base_url=str(settings.pluggy.base_url),
        pluggy_client_id=settings.pluggy.client_id,
        pluggy_client_secret=settings.pluggy.client_secret,
        pluggy_webhook_secret=SECRET,
        pluggy_webhook_secret_next="a-secret-that-the-api-has-not-heard-of",
    )

    code, printed = await banking("webhooks", "rotate-secret", settings=ahead)

    (held,) = await webhooks(stand_in)
    assert code == 2
    assert "401" in printed
    assert held["headers"] == {"X-Webhook-Secret": SECRET}


async def test_events_are_listed_shown_and_replayed(
    banking: Banking,
    api: str,
    resources: Resources,
    runner: Runner,
    stand_in: StandIn,
    owner_id: UUID,
    superuser_url: str,
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)
    async with httpx.AsyncClient(base_url=api) as http:
        await deliver(http, event_of("item/updated", itemId=str(connection.item_id)))
    await runner.settle()
    (stored,) = await inbox_rows(resources.sessions)

    listed = await banking("webhooks", "list", "--status", "handled")
    shown = await banking("webhooks", "show", stored.id)
    replayed = await banking("webhooks", "replay", stored.id)
    await runner.settle()
    missing = await banking("webhooks", "replay", uuid4())

    assert str(stored.id) in listed[1]
    assert stored.event_id in shown[1]
    assert (replayed[0], missing[0]) == (0, 1)
    assert len(await runs_of(resources.sessions, owner_id, trigger="webhook")) == 2
    recorded = await acts(superuser_url, None)
    assert [(each["act"], each["subject_id"]) for each in recorded] == [("webhook.replayed", stored.id)]
    assert recorded[0]["actor"].startswith("operator:")


async def test_rejections_are_shown_with_their_counts(banking: Banking, api: str) -> None:
    async with httpx.AsyncClient(base_url=api) as http:
        for _ in range(3):
            await http.post(PATH, json=event_of(), headers={"X-Webhook-Secret": "wrong"})
    await asyncio.sleep(1.5)

    code, printed = await banking("webhooks", "rejected")

    assert code == 0
    assert "bad_proof  3" in printed
    assert "127.0.0.1" in printed


async def test_an_older_item_is_adopted_once_and_audited(
    banking: Banking,
    resources: Resources,
    runner: Runner,
    stand_in: StandIn,
    owner_id: UUID,
    other_owner_id: UUID,
    superuser_url: str,
) -> None:
    """R56, R69"""
    body = {"connectorId": 2, "parameters": {"user": "user-ok", "password": "password-ok"}}
    item = (await stand_in.api("POST", "/items", body))["id"]
    await stand_in.settled(UUID(item))

    adopted = await banking("connections", "adopt", item, "--owner", owner_id)
    again = await banking("connections", "adopt", item, "--owner", owner_id)
    stolen = await banking("connections", "adopt", item, "--owner", other_owner_id)
    unknown = await banking("connections", "adopt", uuid4(), "--owner", owner_id)
    await runner.settle()

    assert (adopted[0], again[0], stolen[0], unknown[0]) == (0, 0, 2, 2)
    assert len(await runs_of(resources.sessions, owner_id, trigger="connect")) == 1
    recorded = await acts(superuser_url, owner_id)
    assert [each["act"] for each in recorded] == ["connection.adopted"]


async def test_an_item_labelled_as_anothers_is_not_adopted(
    banking: Banking, stand_in: StandIn, owner_id: UUID, other_owner_id: UUID
) -> None:
    """R56"""
    item_id = await stand_in.make_item(other_owner_id)

    code, _ = await banking("connections", "adopt", item_id, "--owner", owner_id)

    assert code == 2


async def test_a_connection_is_shown_and_synced_by_either_id(
    banking: Banking, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    connection = await connect(resources, runner, stand_in, owner_id)

    listed = await banking("connections", "list")
    shown = await banking("connections", "show", connection.item_id)
    synced = await banking("connections", "sync", connection.id)
    await runner.settle()
    unknown = await banking("connections", "show", uuid4())

    assert (shown[0], synced[0], unknown[0]) == (0, 0, 2)
    assert (listed[0], f"{connection.id}  {owner_id}  Pluggy Bank PF  HEALTHY" in listed[1]) == (0, True)
    assert "UPDATED SUCCESS" in shown[1]
    assert len(await runs_of(resources.sessions, owner_id, trigger="api")) == 1


async def test_dead_work_is_listed_and_redriven(banking: Banking, resources: Resources) -> None:
    """R9"""
    ref_id = new_id()
    async with transaction(resources.sessions, None) as session:
        await owed.add(session, Kind.WEBHOOK, None, ref_id)
        await session.execute(text("UPDATE owed_work SET due_at = 'infinity', attempts = 12, last_error = 'Boom: x'"))

    listed = await banking("work", "list")
    redriven = await banking("work", "redrive", "webhook", ref_id)
    nothing = await banking("work", "redrive")

    async with transaction(resources.sessions, None) as session:
        row = (await session.execute(text("SELECT due_at <= now() AS due, attempts FROM owed_work"))).one()
    assert listed[0] == 1
    assert "Boom: x" in listed[1]
    assert (redriven[0], nothing[0]) == (0, 1)
    assert tuple(row) == (True, 0)


async def test_redriven_work_has_its_connection_read_whole(
    banking: Banking, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R9"""
    connection = await connect(resources, runner, stand_in, owner_id)
    run_id = await queue_sync(resources, connection)
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = 'infinity' WHERE kind = 'sync'"))

    code, _ = await banking("work", "redrive", "sync", run_id)

    async with transaction(resources.sessions, owner_id) as session:
        deep = (await session.execute(text("SELECT DISTINCT deep_read_at FROM accounts"))).scalars().all()
    assert code == 0
    assert deep == [None]
    assert await owed_refs(resources.sessions, "reconcile") == {connection.id}


async def test_every_connection_is_read_once_when_asked(
    banking: Banking, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R31: after a restored backup."""
    connection = await connect(resources, runner, stand_in, owner_id)

    code, _ = await banking("work", "reconcile")

    assert code == 0
    assert await owed_refs(resources.sessions, "reconcile") == {connection.id}


async def test_the_cached_key_is_forgotten(banking: Banking, resources: Resources, stand_in: StandIn) -> None:
    await banking("doctor")

    cleared = await banking("cache", "clear-api-key")
    again = await banking("cache", "clear-api-key")

    assert "is forgotten" in cleared[1]
    assert "holds no key" in again[1]


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


@pytest.mark.parametrize("words", [[], ["webhooks"], ["nothing"], ["webhooks", "show", "no-uuid"]])
def test_a_mistyped_command_explains_itself(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)

    assert left.value.code == 2
    assert "usage: banking" in capsys.readouterr().err
