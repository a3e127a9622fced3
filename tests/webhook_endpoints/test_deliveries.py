"""From an event to the integrator's server, by the worker."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text, update

from app.database import Sessions, transaction
from app.metrics.instruments import value
from app.resources import Resources
from app.webhook_endpoints import flow
from app.webhook_endpoints.models import WebhookDelivery, WebhookEndpoint
from tests.events.test_router import EVENTS, record
from tests.webhook_endpoints.conftest import ENDPOINTS, make_endpoint
from tests.webhook_endpoints.receiver import Receiver, answering, running_receiver
from worker.job import Runner


async def deliveries(sessions: Sessions, owner_id: UUID) -> list[WebhookDelivery]:
    async with transaction(sessions, owner_id) as session:
        return list(await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


async def make_due(sessions: Sessions, owner_id: UUID) -> None:
    """Let the waits pass."""
    async with transaction(sessions, owner_id) as session:
        await session.execute(
            update(WebhookDelivery).where(WebhookDelivery.status == "pending").values(next_attempt_at=func.now())
        )
        await session.execute(text("UPDATE owed_work SET due_at = now() WHERE lease_until IS NULL"))


async def endpoint_of(sessions: Sessions, owner_id: UUID) -> WebhookEndpoint:
    async with transaction(sessions, owner_id) as session:
        return (await session.scalars(select(WebhookEndpoint))).one()


async def test_an_event_arrives_signed_and_in_the_form_of_the_list(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R43, R44: the signature is checked by the standard's own library."""
    made = await make_endpoint(client, receiver.url)
    await record(sessions, owner_id, inserted=3)

    await runner.settle()

    (received,) = receiver.requests
    received.verify(made["secret"])
    (listed,) = (await client.get(EVENTS)).json()["results"]
    assert received.event == listed
    assert received.headers["webhook-id"] == listed["id"]


async def test_an_endpoint_gets_the_types_it_asked_for(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    await make_endpoint(client, receiver.url, event_types=["bill.paid", "bill.closed"])
    for event_type in ("sync.completed", "bill.paid", "consent.revoked", "bill.closed"):
        await record(sessions, owner_id, event_type)

    await runner.settle()

    assert sorted(str(each.event["type"]) for each in receiver.requests) == ["bill.closed", "bill.paid"]


async def test_an_event_that_is_rolled_back_is_sent_to_nobody(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    from app.events.service import record_event

    await make_endpoint(client, receiver.url)
    with pytest.raises(RuntimeError):
        async with transaction(sessions, owner_id) as session:
            await record_event(session, owner_id, "sync.completed", {})
            raise RuntimeError

    await runner.settle()

    assert (receiver.connections, await deliveries(sessions, owner_id)) == (0, [])


async def test_another_owners_endpoint_hears_nothing(
    client: httpx.AsyncClient, sessions: Sessions, other_owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R53."""
    await make_endpoint(client, receiver.url)
    await record(sessions, other_owner_id)

    await runner.settle()

    assert receiver.connections == 0


async def test_a_failed_attempt_is_made_again_when_its_wait_is_over(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R45, and R71: each attempt is counted by how it ended."""
    counted = [value("banking_delivery_seconds_count", outcome=outcome) for outcome in ("refused", "succeeded")]
    await make_endpoint(client, receiver.url)
    receiver.answer = answering(500)
    await record(sessions, owner_id)
    await runner.settle()
    (failed,) = await deliveries(sessions, owner_id)
    receiver.answer = answering(200)
    await runner.settle()
    waiting = len(receiver.requests)
    await make_due(sessions, owner_id)

    await runner.settle()

    (delivery,) = await deliveries(sessions, owner_id)
    assert failed.next_attempt_at is not None
    assert 3 < (failed.next_attempt_at - datetime.now(UTC)).total_seconds() < 6.1
    assert (waiting, len(receiver.requests)) == (1, 2)
    assert value("banking_delivery_seconds_count", outcome="refused") == counted[0] + 1
    assert value("banking_delivery_seconds_count", outcome="succeeded") == counted[1] + 1
    assert (delivery.status, delivery.attempts) == ("succeeded", 2)


async def test_after_the_eighth_failure_a_delivery_is_given_up_and_nothing_is_owed(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R45."""
    await make_endpoint(client, receiver.url)
    receiver.answer = answering(302, "location: http://127.0.0.1/\r\n")
    await record(sessions, owner_id)

    for _ in range(9):
        await runner.settle()
        await make_due(sessions, owner_id)

    (delivery,) = await deliveries(sessions, owner_id)
    async with transaction(sessions, None) as session:
        owed = await session.scalar(text("SELECT count(*) FROM owed_work WHERE kind = 'delivery'"))
    assert (len(receiver.requests), delivery.status, delivery.attempts, owed) == (8, "failed", 8, 0)


@pytest.mark.parametrize(("asked", "seconds"), [("600", 600), ("99999999", 3600)])
async def test_a_receiver_that_asks_for_time_gets_an_hour_at_most(
    client: httpx.AsyncClient,
    sessions: Sessions,
    owner_id: UUID,
    receiver: Receiver,
    runner: Runner,
    asked: str,
    seconds: int,
) -> None:
    """R45."""
    await make_endpoint(client, receiver.url)
    receiver.answer = answering(429, f"retry-after: {asked}\r\n")
    await record(sessions, owner_id)

    await runner.settle()

    (delivery,) = await deliveries(sessions, owner_id)
    assert delivery.next_attempt_at is not None
    assert abs((delivery.next_attempt_at - datetime.now(UTC)).total_seconds() - seconds) < 10


async def test_a_gone_endpoint_is_disabled_at_once_and_its_owner_told(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R45, R46."""
    made = await make_endpoint(client, receiver.url)
    receiver.answer = answering(410)
    await record(sessions, owner_id)
    await runner.settle()
    await record(sessions, owner_id)

    await runner.settle()

    read = (await client.get(f"{ENDPOINTS}{made['id']}/")).json()
    told = (await client.get(EVENTS, params={"type": "webhook_endpoint.disabled"})).json()["results"]
    assert (read["is_enabled"], read["disabled_reason"], len(receiver.requests)) == (False, "gone", 1)
    assert [event["data"] for event in told] == [{"webhook_endpoint_id": made["id"], "reason": "gone"}]


async def test_five_days_without_a_success_disable_an_endpoint_and_cancel_what_waits(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R46."""
    made = await make_endpoint(client, receiver.url)
    receiver.answer = answering(500)
    for _ in range(2):
        await record(sessions, owner_id)
    await runner.settle()
    still_enabled = (await endpoint_of(sessions, owner_id)).disabled_at is None
    async with transaction(sessions, owner_id) as session:
        long_ago = func.now() - timedelta(days=5)
        await session.execute(update(WebhookEndpoint).values(failing_since=long_ago))
    await make_due(sessions, owner_id)

    await runner.settle()

    read = (await client.get(f"{ENDPOINTS}{made['id']}/")).json()
    assert still_enabled
    assert (read["is_enabled"], read["disabled_reason"]) == (False, "failing")
    assert {delivery.status for delivery in await deliveries(sessions, owner_id)} == {"cancelled"}


async def test_one_success_clears_the_record(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R46."""
    await make_endpoint(client, receiver.url)
    receiver.answer = answering(500)
    await record(sessions, owner_id)
    await runner.settle()
    failing = (await endpoint_of(sessions, owner_id)).failing_since
    receiver.answer = answering(200)
    await make_due(sessions, owner_id)

    await runner.settle()

    endpoint = await endpoint_of(sessions, owner_id)
    assert failing is not None
    assert (endpoint.failing_since, endpoint.last_success_at is not None) == (None, True)


async def test_at_most_four_attempts_at_an_endpoint_are_under_way(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R47; whoever ends hands the place on, so that nothing waits for the clock."""
    await make_endpoint(client, receiver.url)
    receiver.delay = 0.1
    for number in range(24):
        await record(sessions, owner_id, number=number)
    began = asyncio.get_running_loop().time()

    while len([each for each in await deliveries(sessions, owner_id) if each.status == "succeeded"]) < 24:
        assert asyncio.get_running_loop().time() - began < 20
        await runner.settle()

    assert receiver.most_at_once <= 4
    assert len({each.headers["webhook-id"] for each in receiver.requests}) == len(receiver.requests) == 24


async def test_two_workers_together_keep_to_the_bound(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, resources: Resources, receiver: Receiver
) -> None:
    """R47."""
    await make_endpoint(client, receiver.url)
    receiver.delay = 0.3
    for number in range(12):
        await record(sessions, owner_id, number=number)

    await asyncio.gather(Runner(resources).settle(), Runner(resources).settle())

    assert receiver.most_at_once == 4


async def test_an_endpoint_that_hangs_does_not_slow_another(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, receiver: Receiver, runner: Runner
) -> None:
    """R47: forty events for one that never answers, then one for a good one."""
    async with running_receiver(Receiver(delay=30)) as hanging:
        bad = await make_endpoint(client, hanging.url)
        for number in range(40):
            await record(sessions, owner_id, number=number)
        await make_endpoint(client, receiver.url)
        await client.patch(f"{ENDPOINTS}{bad['id']}/", json={"description": "hangs"})
        await record(sessions, owner_id, number=40)

        await runner.drain_all()
        began = asyncio.get_running_loop().time()
        while not receiver.requests and asyncio.get_running_loop().time() - began < 10:
            await asyncio.sleep(0.02)
            await runner.drain_all()
        took = asyncio.get_running_loop().time() - began
        await runner.stop()

    assert [each.event["data"] for each in receiver.requests] == [{"number": 40}]
    assert took < 5
    assert hanging.most_at_once <= 4


async def test_a_delivery_cut_off_in_mid_attempt_is_made_again(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, resources: Resources, receiver: Receiver
) -> None:
    """R14, R43: the worker is stopped while the receiver thinks."""
    await make_endpoint(client, receiver.url)
    receiver.delay = 5
    await record(sessions, owner_id)
    stopped = Runner(resources)
    await stopped.drain_all()
    while not receiver.requests:
        await asyncio.sleep(0.01)
    await stopped.stop()
    receiver.delay = 0

    await Runner(resources).settle()

    (delivery,) = await deliveries(sessions, owner_id)
    assert (delivery.status, len(receiver.requests)) == ("succeeded", 2)


async def test_a_name_that_turns_private_after_the_endpoint_was_made_is_not_called(
    client: httpx.AsyncClient, sessions: Sessions, owner_id: UUID, resources: Resources
) -> None:
    """R48: every attempt is guarded, not the making alone."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["169.254.169.254"]

    await make_endpoint(client, "https://hooks.example.com/")
    await record(sessions, owner_id)
    (made,) = await deliveries(sessions, owner_id)

    wait = await flow.deliver(resources, owner_id, made.id, resolve=resolve)

    (delivery,) = await deliveries(sessions, owner_id)
    assert wait is not None
    assert (delivery.status, delivery.history[-1]["error"]) == ("pending", "address_forbidden")


async def test_a_delivery_that_is_over_is_left_alone(
    client: httpx.AsyncClient,
    sessions: Sessions,
    owner_id: UUID,
    resources: Resources,
    receiver: Receiver,
    runner: Runner,
) -> None:
    await make_endpoint(client, receiver.url)
    await record(sessions, owner_id)
    await runner.settle()
    (delivery,) = await deliveries(sessions, owner_id)

    assert await flow.deliver(resources, owner_id, delivery.id) is None
    assert len(receiver.requests) == 1
