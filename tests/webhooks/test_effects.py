"""What events lead to, delivered by the stand-in or by hand, carried out by the worker."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text

from app.connections import flow as connections
from app.connections.models import BankConnection
from app.connectors import catalogue
from app.database import Sessions, transaction
from app.jobs import Kind
from app.resources import Resources
from app.webhooks import flow as webhooks
from app.webhooks import repository
from app.webhooks.handlers import CONNECTOR_STATUS, EFFECTS, why_without_effect
from sandbox.events import PAYMENT_EVENTS, SUBSCRIBABLE
from tests.stand_in import StandIn, assert_equal_to_truth, held
from tests.sync.support import connect
from tests.webhooks.support import PATH, deliver, delivered, event_of, inbox_rows, owed_refs, runs_of
from worker.job import Runner

READ_EVENTS = [
    "item/created",
    "item/updated",
    "item/error",
    "item/waiting_user_input",
    "item/waiting_user_action",
    "transactions/created",
    "transactions/updated",
    "transactions/deleted",
]

PAYMENTS = (*PAYMENT_EVENTS, "payment_refund/created")  # the last one is told to older applications


async def statuses(sessions: Sessions) -> list[str]:
    return [row.status for row in await inbox_rows(sessions)]


async def run_due(sessions: Sessions, runner: Runner) -> None:
    """Let the time pass for which events wait."""
    async with transaction(sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE kind = 'webhook'"))
    await runner.settle()


async def let_pause_pass(sessions: Sessions, owner_id: UUID) -> None:
    async with transaction(sessions, owner_id) as session:
        await session.execute(text("UPDATE sync_runs SET created_at = created_at - interval '1 hour'"))


@pytest.mark.parametrize("event", READ_EVENTS)
async def test_an_event_of_an_item_leads_to_one_run(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, connection: BankConnection, event: str
) -> None:
    """Mission: events item/updated, item/error and transactions/*."""
    await deliver(client, event_of(event, itemId=str(connection.item_id)))
    await runner.settle()

    assert len(await runs_of(resources.sessions, connection.owner_id, trigger="webhook")) == 1
    assert await statuses(resources.sessions) == ["handled"]


@pytest.mark.parametrize(
    ("event", "note"), [("investments/updated", "unknown event"), ("item/updated", "names no item")]
)
async def test_an_event_without_effect_is_stored_with_the_reason(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, event: str, note: str
) -> None:
    """R4"""
    await deliver(client, event_of(event))
    await runner.settle()

    (stored,) = await inbox_rows(resources.sessions)
    assert (stored.status, stored.note) == ("ignored", note)
    assert await owed_refs(resources.sessions) == set()


async def test_every_event_of_payments_is_stored_and_leads_to_nothing(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, connection: BankConnection
) -> None:
    """Named with a slash or a dot, and though it names an item of ours."""
    for event in (*PAYMENTS, PAYMENTS[0].replace("/", ".")):
        await deliver(client, event_of(event, itemId=str(connection.item_id)))
    await runner.settle()

    rows = await inbox_rows(resources.sessions)
    assert {row.event for row in rows} == set(PAYMENTS)
    assert {(row.status, row.note) for row in rows} == {("ignored", "payments are not mirrored")}
    assert await runs_of(resources.sessions, connection.owner_id, trigger="webhook") == []


def test_every_event_that_pluggy_offers_has_a_defined_effect() -> None:
    for event in SUBSCRIBABLE - {"all", "item/all"}:
        assert event in EFFECTS or event == CONNECTOR_STATUS or why_without_effect(event) != "unknown event", event


async def test_login_succeeded_starts_no_run(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, connection: BankConnection
) -> None:
    await deliver(client, event_of("item/login_succeeded", itemId=str(connection.item_id)))
    await runner.settle()

    assert await statuses(resources.sessions) == ["handled"]
    assert await runs_of(resources.sessions, connection.owner_id, trigger="webhook") == []


async def test_changes_at_the_bank_reach_the_ledger_by_the_stand_ins_own_events(
    address: str, resources: Resources, runner: Runner, stand_in: StandIn, connection: BankConnection
) -> None:
    """R22, R24, R78: created, updated and deleted rows."""
    assert connection.item_id is not None
    await stand_in.run_item(connection.item_id, days=5)
    truth = await stand_in.truth(connection.item_id)
    victim = next(rows[0] for rows in truth.values() if rows)
    await stand_in.control("POST", "/transactions/remove", {"ids": [victim[0]]}, applyNow="true")

    await delivered(stand_in)
    await runner.settle()

    assert set(await statuses(resources.sessions)) == {"handled"}
    await assert_equal_to_truth(stand_in, resources.sessions, connection.owner_id, connection)


async def test_lost_proof_duplicates_and_disorder_leave_one_effect(
    address: str, resources: Resources, runner: Runner, stand_in: StandIn, connection: BankConnection
) -> None:
    """R2, R4, R57: the stand-in duplicates, shuffles and forges what it sends."""
    assert connection.item_id is not None
    for rule in (
        {"kind": "duplicate", "copies": 3},
        {"kind": "shuffle", "seconds": 20},
        {"kind": "forge", "copies": 2},
    ):
        await stand_in.control("POST", "/webhook-rules", rule)
    await stand_in.run_item(connection.item_id, days=10)

    log = await delivered(stand_in, at_least=6)
    await runner.settle()
    await let_pause_pass(resources.sessions, connection.owner_id)
    await run_due(resources.sessions, runner)

    rows = await inbox_rows(resources.sessions)
    assert {row.event_id for row in rows} == {each["eventId"] for each in log if not each["forged"]}
    assert {row.status for row in rows} == {"handled"}
    assert len(log) > len(rows)
    await assert_equal_to_truth(stand_in, resources.sessions, connection.owner_id, connection)


async def test_one_change_told_twice_under_other_ids_has_one_effect(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, connection: BankConnection
) -> None:
    """Both ways of subscribing at once."""
    assert connection.item_id is not None
    await stand_in.run_item(connection.item_id, days=5)
    told = [event_of("item/updated", itemId=str(connection.item_id)) for _ in range(2)]

    await asyncio.gather(*(deliver(client, body) for body in told))
    await runner.settle()

    runs = await runs_of(resources.sessions, connection.owner_id, trigger="webhook")
    assert [run.inserted > 0 for run in runs][:1] == [True]
    assert all(run.inserted == run.updated == 0 for run in runs[1:])
    await assert_equal_to_truth(stand_in, resources.sessions, connection.owner_id, connection)


async def test_a_storm_for_one_connection_becomes_few_runs(
    client: httpx.AsyncClient,
    resources: Resources,
    runner: Runner,
    connection: BankConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repository, "RUN_WINDOW", timedelta(minutes=5))  # longer than a slow machine takes
    item_id = str(connection.item_id)
    for _ in range(8):
        await asyncio.gather(*(deliver(client, event_of("item/updated", itemId=item_id)) for _ in range(40)))
        await runner.settle()
    in_the_storm = len(await runs_of(resources.sessions, connection.owner_id, trigger="webhook"))
    waiting = (await statuses(resources.sessions)).count("pending")
    await let_pause_pass(resources.sessions, connection.owner_id)
    await run_due(resources.sessions, runner)

    assert 1 <= in_the_storm <= 3
    assert waiting > 0
    assert set(await statuses(resources.sessions)) == {"handled"}
    assert len(await runs_of(resources.sessions, connection.owner_id, trigger="webhook")) == in_the_storm + 1
    assert await owed_refs(resources.sessions) == set()


async def test_an_event_before_its_connection_waits_as_an_orphan_and_is_adopted(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R4"""
    item_id = await stand_in.make_item(owner_id)
    await deliver(client, event_of("item/updated", itemId=str(item_id)))
    await runner.settle()
    before = await statuses(resources.sessions)

    await connections.create_from_item(resources, owner_id, item_id)
    await runner.settle()

    assert before == ["orphan"]
    assert await statuses(resources.sessions) == ["handled"]


async def test_rows_of_an_account_that_is_not_the_items_are_never_asked_for(
    client: httpx.AsyncClient,
    resources: Resources,
    runner: Runner,
    stand_in: StandIn,
    connection: BankConnection,
    other_owner_id: UUID,
) -> None:
    """R21: one that nobody has, and one of another owner."""
    foreign = await connect(resources, runner, stand_in, other_owner_id)
    account_id, rows = next(iter((await held(resources.sessions, other_owner_id, foreign.id)).items()))
    for told in (str(uuid4()), account_id):
        body = {"itemId": str(connection.item_id), "accountId": told, "transactionIds": [str(rows[0][0])]}
        await deliver(client, event_of("transactions/deleted", **body))
    (first, _) = await inbox_rows(resources.sessions)

    await webhooks.process_event(resources, first.id)

    assert await statuses(resources.sessions) == ["handled", "handled"]
    for owner_id in (connection.owner_id, other_owner_id):
        async with transaction(resources.sessions, owner_id) as session:
            assert await session.scalar(text("SELECT count(*) FROM sync_hints")) == 0


async def test_a_deletion_at_pluggys_side_is_proved_by_reading_and_keeps_the_history(
    address: str, resources: Resources, runner: Runner, stand_in: StandIn, connection: BankConnection
) -> None:
    """R35"""
    await stand_in.api("DELETE", f"/items/{connection.item_id}")
    await delivered(stand_in)
    await runner.settle()
    runs = len(await runs_of(resources.sessions, connection.owner_id, trigger="webhook"))
    again = event_of("item/deleted", itemId=str(connection.item_id))
    async with httpx.AsyncClient(base_url=address) as http:
        await deliver(http, again)
    await runner.settle()

    async with transaction(resources.sessions, connection.owner_id) as session:
        status = await session.scalar(text("SELECT status FROM connections"))
        kept = await session.scalar(text("SELECT count(*) FROM transactions WHERE removed_at IS NULL"))
    assert status == "DELETED"
    assert kept is not None
    assert kept > 0
    assert len(await runs_of(resources.sessions, connection.owner_id, trigger="webhook")) == runs


async def test_a_false_deletion_deletes_nothing(
    client: httpx.AsyncClient, resources: Resources, runner: Runner, stand_in: StandIn, connection: BankConnection
) -> None:
    """R21, R24"""
    await deliver(client, event_of("item/deleted", itemId=str(connection.item_id)))
    await runner.settle()

    async with transaction(resources.sessions, connection.owner_id) as session:
        assert await session.scalar(text("SELECT status FROM connections")) == "UPDATED"
    await assert_equal_to_truth(stand_in, resources.sessions, connection.owner_id, connection)


async def test_a_change_of_a_banks_health_renews_the_list_of_banks(
    address: str, resources: Resources, runner: Runner, stand_in: StandIn
) -> None:
    before, _ = await catalogue.get_connector(resources, 2)

    await stand_in.control("PUT", "/connectors/2/health", {"status": "OFFLINE"})
    await delivered(stand_in)
    await runner.settle()

    after, _ = await catalogue.get_connector(resources, 2)
    assert before.health is not None
    assert after.health is not None
    assert (before.health.status, after.health.status) == ("ONLINE", "OFFLINE")
    assert await statuses(resources.sessions) == ["handled"]


async def test_both_ways_of_subscribing_at_once_leave_one_event_and_one_effect(
    address: str, resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """The application's webhook bears the secret's header; an item's own `webhookUrl` bears none, a signature alone."""
    secret = resources.settings.pluggy.webhook_secrets[0]
    await stand_in.control("PATCH", "/settings", {"webhookSigningSecret": secret})
    item_id = await stand_in.make_item(owner_id, webhook_url=address + PATH)
    await connections.create_from_item(resources, owner_id, item_id)
    await delivered(stand_in)
    await runner.settle()
    await stand_in.run_item(item_id, days=5)

    log = await delivered(stand_in)
    await runner.settle()
    await let_pause_pass(resources.sessions, owner_id)
    await run_due(resources.sessions, runner)

    told = Counter(each["eventId"] for each in log)
    async with transaction(resources.sessions, owner_id) as session:
        connection = (await session.execute(select(BankConnection))).scalar_one()
    assert set(told.values()) == {2}
    assert {each["state"] for each in log} == {"delivered"}
    assert {row.event_id: row.status for row in await inbox_rows(resources.sessions)} == dict.fromkeys(told, "handled")
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_an_event_that_no_attempt_could_handle_has_its_connection_read_whole(
    resources: Resources, connection: BankConnection, client: httpx.AsyncClient, runner: Runner
) -> None:
    """R9"""
    await deliver(client, event_of(itemId=str(connection.item_id)))
    async with transaction(resources.sessions, None) as session:
        await session.execute(text("UPDATE owed_work SET attempts = 99, due_at = now() WHERE kind = 'webhook'"))

    await runner.drain(Kind.WEBHOOK)
    async with asyncio.timeout(20):
        while not await owed_refs(resources.sessions, "reconcile"):
            await asyncio.sleep(0.02)

    assert await owed_refs(resources.sessions, "reconcile") == {connection.id}
    async with transaction(resources.sessions, connection.owner_id) as session:
        deep = (await session.execute(text("SELECT DISTINCT deep_read_at FROM accounts"))).scalars().all()
    assert deep == [None]
