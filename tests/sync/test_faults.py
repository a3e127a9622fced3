"""What goes wrong at Pluggy: each fault ends in a defined status with a reason, and a later run heals the ledger."""

import time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.database import transaction
from app.resources import Resources
from app.sync import service
from tests.stand_in import StandIn, assert_equal_to_truth, held
from tests.sync.support import connect, connect_without_sync, due_now, get_run, queue_sync, sync
from worker.job import Runner

PAGES = "/v2/transactions"

HEALED_WITHIN_THE_RUN = {
    "a server error": {"kind": "status", "status": 502, "path": PAGES, "remaining": 1, "skip": 1},
    "a server error on the account list": {"kind": "status", "status": 503, "path": "/accounts", "remaining": 1},
    "an error of Pluggy's own": {"kind": "status", "status": 500, "path": PAGES, "remaining": 1, "skip": 1},
    "a slow drip": {"kind": "drip", "path": PAGES, "seconds": 2, "remaining": 1},
    "a cursor that turns invalid": {"kind": "status", "status": 400, "query": "*after=*", "remaining": 1},
    "a page twice": {"kind": "duplicate_page", "path": PAGES, "remaining": 1},
    "moving pages": {"kind": "moving_page", "path": PAGES, "remaining": 3},
}
LEFT_FOR_THE_NEXT_RUN = {
    "a malformed record": ({"kind": "bad_row", "path": PAGES, "remaining": 1}, "records_quarantined"),
    "accounts refused": ({"kind": "status", "status": 400, "path": PAGES}, "account_failed"),
}
RETRIED_LATER = {
    "truncated JSON": {"kind": "truncate", "path": PAGES},
    "malformed JSON": {"kind": "malformed", "path": PAGES},
    "another content type": {"kind": "content_type", "path": PAGES},
    "a cut connection": {"kind": "cut", "path": PAGES, "skip": 1},
    "Pluggy down at the start": {"kind": "status", "status": 503, "path": "/items/*"},
}


@pytest.mark.parametrize("fault", HEALED_WITHIN_THE_RUN.values(), ids=HEALED_WITHIN_THE_RUN)
async def test_a_passing_fault_is_healed_within_the_run(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, fault: dict[str, Any]
) -> None:
    connection = await connect_without_sync(resources, stand_in, owner_id)
    await stand_in.control("PATCH", "/settings", {"transactionsPageSize": 100})
    await stand_in.control("POST", "/faults", fault)
    run_id = await queue_sync(resources, connection)

    await runner.settle()

    [rule] = await stand_in.control("GET", "/faults")
    assert rule["hits"] == fault["remaining"]
    run = await get_run(resources, owner_id, run_id)
    assert (run.status, run.attempts, run.warnings, run.error_code) == ("succeeded", 1, [], None)
    assert run.fetched == run.inserted + run.updated + run.unchanged + run.quarantined
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


@pytest.mark.parametrize("fault", RETRIED_LATER.values(), ids=RETRIED_LATER)
async def test_a_lasting_fault_leaves_the_run_to_go_on_by_itself(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, fault: dict[str, Any]
) -> None:
    """R38, R39"""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.run_item(connection.item_id, days=20)
    await forget_deep_reads(resources, owner_id)
    rule = await stand_in.control("POST", "/faults", fault)
    run_id = await queue_sync(resources, connection)

    await runner.settle()
    waiting = await get_run(resources, owner_id, run_id)
    await stand_in.control("DELETE", f"/faults/{rule['id']}")
    await due_now(resources)
    await runner.settle()

    assert waiting.finished_at is None
    assert waiting.error_code in {"pluggy_unavailable", "rate_limited"}
    run = await get_run(resources, owner_id, run_id)
    assert run.warnings == []
    assert (run.status, run.error_code) == ("succeeded", None)
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


@pytest.mark.parametrize(("fault", "reason"), LEFT_FOR_THE_NEXT_RUN.values(), ids=LEFT_FOR_THE_NEXT_RUN)
async def test_what_one_run_could_not_read_the_next_one_does(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID, fault: dict[str, Any], reason: str
) -> None:
    """R28"""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.run_item(connection.item_id, days=20)
    await forget_deep_reads(resources, owner_id)
    await stand_in.control("POST", "/faults", fault)
    faulty = await sync(resources, runner, connection)
    await stand_in.control("DELETE", "/faults")

    healed = await sync(resources, runner, connection)

    assert faulty.status == "partial"
    assert reason in {warning["code"] for warning in faulty.warnings}
    assert healed.status == "succeeded"
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_one_failing_account_stops_no_other(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R28"""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.run_item(connection.item_id, days=20)
    fault = {"kind": "status", "status": 404, "path": PAGES, "remaining": 1}
    await stand_in.control("POST", "/faults", fault)

    faulty = await sync(resources, runner, connection)

    async with transaction(resources.sessions, owner_id) as session:
        parts = await service.parts_of(session, owner_id, [faulty.id])
    assert sorted(part.status for part in parts) == ["failed", *["succeeded"] * (len(parts) - 1)]
    assert (faulty.status, [warning["code"] for warning in faulty.warnings]) == ("partial", ["account_failed"])
    assert (await sync(resources, runner, connection)).status == "succeeded"
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_repeated_cursor_is_followed_no_further(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R27"""
    connection = await connect(resources, runner, stand_in, owner_id, user="user-ok-small")
    await stand_in.run_item(connection.item_id, days=20)
    await forget_deep_reads(resources, owner_id)
    await stand_in.control("PATCH", "/settings", {"transactionsPageSize": 15})
    await stand_in.control("POST", "/faults", {"kind": "repeat_cursor", "path": PAGES})

    faulty = await sync(resources, runner, connection)
    await stand_in.control("DELETE", "/faults")
    healed = await sync(resources, runner, connection)

    assert (faulty.status, {warning["code"] for warning in faulty.warnings}) == ("partial", {"account_failed"})
    assert healed.status == "succeeded"
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


@pytest.mark.faults
async def test_an_answer_that_never_comes_is_waited_for_no_longer_than_its_bound(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R36: 15 s for an answer, then once more."""
    await stand_in.control("POST", "/faults", {"kind": "hang", "path": PAGES, "seconds": 120, "remaining": 1})
    started = time.monotonic()

    connection = await connect(resources, runner, stand_in, owner_id)

    await due_now(resources)
    await runner.settle()
    assert time.monotonic() - started < 60
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_a_key_that_expires_in_the_middle_is_renewed_once(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R41"""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.control("POST", "/keys/revoke")

    run = await sync(resources, runner, connection)

    assert run.status == "succeeded"


async def test_a_run_that_pluggy_never_answers_ends_and_says_so(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R19: nothing looks under way for ever."""
    connection = await connect(resources, runner, stand_in, owner_id)
    await stand_in.control("POST", "/faults", {"kind": "status", "status": 401, "path": "/items/*"})
    run_id = await queue_sync(resources, connection)

    for _ in range(10):
        await runner.settle()
        await due_now(resources)

    run = await get_run(resources, owner_id, run_id)
    assert run.status == "failed"
    assert run.finished_at is not None
    assert run.error_code == "pluggy_auth_failed"
    await stand_in.control("DELETE", "/faults")
    assert (await sync(resources, runner, connection)).status == "succeeded"
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)


async def test_an_item_deleted_at_pluggy_keeps_its_history_and_says_so(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R24: an absent item proves nothing about its rows."""
    connection = await connect(resources, runner, stand_in, owner_id)
    before = await held(resources.sessions, owner_id, connection.id)
    await stand_in.api("DELETE", f"/items/{connection.item_id}")

    run = await sync(resources, runner, connection)

    assert (run.status, run.error_code) == ("failed", "item_deleted")
    assert await held(resources.sessions, owner_id, connection.id) == before


async def test_a_consent_revoked_in_the_middle_wipes_nothing(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R34: an empty answer after a revocation is no proof of deletion."""
    connection = await connect(resources, runner, stand_in, owner_id)
    before = await held(resources.sessions, owner_id, connection.id)
    await stand_in.control("POST", f"/items/{connection.item_id}/consent/revoke")
    await forget_deep_reads(resources, owner_id)

    run = await sync(resources, runner, connection)

    assert (run.status, run.error_code) == ("failed", "consent_invalid")
    assert await held(resources.sessions, owner_id, connection.id) == before


async def forget_deep_reads(resources: Resources, owner_id: UUID) -> None:
    """Have the next run read whole histories."""
    async with transaction(resources.sessions, owner_id) as session:
        await session.execute(text("UPDATE accounts SET deep_read_at = NULL"))


async def test_a_reading_cut_off_after_its_first_pages_proves_no_absence(
    resources: Resources, runner: Runner, stand_in: StandIn, owner_id: UUID
) -> None:
    """R25: the first page was stored by an attempt that is gone; the next one has not met its rows."""
    connection = await connect(resources, runner, stand_in, owner_id)
    await forget_deep_reads(resources, owner_id)
    fault = {"kind": "cut", "path": PAGES, "skip": 5}
    rule = await stand_in.control("POST", "/faults", fault)
    run_id = await queue_sync(resources, connection)
    await runner.settle()
    await stand_in.control("DELETE", f"/faults/{rule['id']}")
    await due_now(resources)

    await runner.settle()

    run = await get_run(resources, owner_id, run_id)
    assert (run.status, run.removed, run.warnings) == ("succeeded", 0, [])
    await assert_equal_to_truth(stand_in, resources.sessions, owner_id, connection)
