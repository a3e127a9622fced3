"""What comes in, what goes out and who listens, as /metrics counts them."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.database import transaction
from app.events.hub import EventHub
from app.ids import new_id
from app.jobs import Kind, make_bell
from app.metrics.instruments import value
from app.resources import Resources
from app.webhook_endpoints import service as endpoints
from app.webhook_endpoints.models import DisabledReason, WebhookEndpoint
from app.webhooks import inbox
from tests.http_support import NOWHERE
from tests.retention.support import put
from tests.webhooks.support import PATH, PROOF, deliver, event_of


def ingested(outcome: str) -> float:
    return value("banking_webhook_events_total", outcome=outcome)


async def test_deliveries_of_pluggys_are_counted_by_what_became_of_them(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R71: stored, repeated, malformed, rejected, unavailable; each adds one, and no other."""
    outcomes = ("stored", "repeated", "malformed", "rejected", "unavailable")
    before = {outcome: ingested(outcome) for outcome in outcomes}
    body = event_of()
    rejections = value("banking_webhook_rejections_total", reason="bad_proof")

    await deliver(client, body)
    await deliver(client, body)
    await client.post(PATH, content=b"[]", headers=PROOF)
    await client.post(PATH, json=body, headers={"X-Webhook-Secret": "forged"})
    monkeypatch.setattr(inbox, "MAX_WAITING", 0)
    await deliver(client, event_of(), expect=503)

    assert {outcome: ingested(outcome) - before[outcome] for outcome in outcomes} == dict.fromkeys(outcomes, 1)
    assert value("banking_webhook_rejections_total", reason="bad_proof") == rejections + 1


async def test_a_lost_bell_is_counted() -> None:
    """R5: an enqueue that fails is a metric and nothing else."""
    bell = make_bell(f"redis://{NOWHERE}/0")
    before = value("banking_bells_lost_total")

    await bell.ring(Kind.SYNC, None, uuid4())
    await bell.announce(uuid4())
    await bell.aclose()

    assert value("banking_bells_lost_total") == before + 2


async def test_streams_are_counted_while_they_are_open(resources: Resources, owner_id: UUID) -> None:
    hub, before = EventHub(resources), value("banking_stream_clients")

    with hub.listen(owner_id), hub.listen(owner_id):
        during = value("banking_stream_clients")

    assert during == before + 2
    assert value("banking_stream_clients") == before


async def test_an_endpoint_is_counted_once_when_it_is_disabled(resources: Resources, owner_id: UUID) -> None:
    row: dict[str, Any] = {"url": "https://example.com/", "event_types": [], "secret": b"", "change_number": 1}
    endpoint_id, before = new_id(), value("banking_endpoints_disabled_total", reason="failing")
    await put(resources, "webhook_endpoints", owner_id, id=endpoint_id, **row)

    for _ in range(2):
        async with transaction(resources.sessions, owner_id) as session:
            endpoint = await session.get(WebhookEndpoint, (owner_id, endpoint_id))
            assert endpoint is not None
            await endpoints.disable(session, endpoint, DisabledReason.FAILING)

    assert value("banking_endpoints_disabled_total", reason="failing") == before + 1


async def test_what_a_rolled_back_transaction_did_is_not_counted(resources: Resources, owner_id: UUID) -> None:
    row: dict[str, Any] = {"url": "https://example.com/", "event_types": [], "secret": b"", "change_number": 1}
    endpoint_id, before = new_id(), value("banking_endpoints_disabled_total", reason="gone")
    await put(resources, "webhook_endpoints", owner_id, id=endpoint_id, **row)

    with pytest.raises(ZeroDivisionError):
        async with transaction(resources.sessions, owner_id) as session:
            endpoint = await session.get(WebhookEndpoint, (owner_id, endpoint_id))
            assert endpoint is not None
            await endpoints.disable(session, endpoint, DisabledReason.GONE)
            raise ZeroDivisionError

    assert value("banking_endpoints_disabled_total", reason="gone") == before
