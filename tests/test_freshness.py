"""When data counts as stale, and what a client is warned of."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.connections.models import BankConnection
from app.freshness import FreshnessWarning, freshness_of

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
INTERVAL = timedelta(hours=12)


def connection(**given: Any) -> BankConnection:
    read = {"status": "UPDATED", "last_read_at": NOW - INTERVAL, "next_sync_at": NOW}
    return BankConnection(**{**read, **given})


@pytest.mark.parametrize(
    ("given", "is_stale"),
    [
        ({}, False),
        ({"next_sync_at": NOW - INTERVAL}, False),
        ({"next_sync_at": NOW - INTERVAL - timedelta(seconds=1)}, True),
        ({"status": "OUTDATED"}, True),
        ({"status": "LOGIN_ERROR"}, True),
        ({"last_read_at": None, "next_sync_at": None}, False),
    ],
)
def test_data_is_stale_after_a_failed_visit_or_a_reading_overdue_by_an_interval(
    given: dict[str, Any], is_stale: bool
) -> None:
    freshness = freshness_of(connection(**given), interval=INTERVAL, now=NOW)

    assert freshness.is_stale is is_stale


def test_warnings_name_the_state_and_each_product_that_lacks() -> None:
    detail = {
        "accounts": {"isUpdated": True, "warnings": []},
        "creditCards": {"isUpdated": False, "warnings": [{"code": "QUOTA", "message": "later"}, {}]},
        "loans": None,
    }
    held = connection(status="OUTDATED", execution_status="PARTIAL_SUCCESS", status_detail=detail)

    freshness = freshness_of(held, interval=INTERVAL, now=NOW)

    assert (freshness.as_of, freshness.next_expected_at) == (NOW - INTERVAL, NOW)
    assert freshness.warnings == [
        FreshnessWarning(code="outdated", subject=None, message="PARTIAL_SUCCESS"),
        FreshnessWarning(code="not_updated", subject="creditCards", message=None),
        FreshnessWarning(code="QUOTA", subject="creditCards", message="later"),
        FreshnessWarning(code="warning", subject="creditCards", message=None),
    ]
