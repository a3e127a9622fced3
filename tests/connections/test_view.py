"""What a client sees of a connection."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from app.connections import examples, schemas
from app.connections.models import BankConnection
from app.connections.view import auto_refresh_of, consent_summary, product_freshness

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(days=1), NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"status": "UPDATED", "next_auto_sync_at": LATER}, None),
        ({"status": "UPDATED", "next_auto_sync_at": LATER, "mfa_parameter": {"name": "token"}}, None),
        ({"status": "OUTDATED", "next_auto_sync_at": LATER}, None),
        ({"status": "UPDATED"}, "not_scheduled"),
        ({"status": "UPDATED", "mfa_parameter": {"name": "token"}}, "mfa"),
        ({"status": "LOGIN_ERROR"}, "credentials_needed"),
        ({"status": "UPDATING"}, "visit_under_way"),
        ({"status": "WAITING_USER_INPUT"}, "visit_under_way"),
        ({"status": "UPDATED", "auto_sync_disabled_at": BEFORE}, "disabled"),
        ({"status": "UPDATED", "consent_revoked_at": BEFORE, "next_auto_sync_at": LATER}, "consent_ended"),
        ({"status": "UPDATED", "consent_expires_at": BEFORE, "next_auto_sync_at": LATER}, "consent_ended"),
        ({"status": "DELETED"}, "item_deleted"),
    ],
)
def test_auto_refresh_is_on_or_off_with_the_reason(given: dict[str, Any], reason: str | None) -> None:
    shown = auto_refresh_of(BankConnection(**given), NOW)

    assert (shown.is_on, shown.reason) == (reason is None, reason)


def test_details_of_products_go_by_either_spelling_and_a_product_without_any_follows_the_run() -> None:
    detail = {
        "creditCards": {"isUpdated": True, "lastUpdatedAt": "2026-03-04T11:00:00Z", "warnings": []},
        "investmentTransactions": {"isUpdated": False, "warnings": [{"code": "423", "message": "quota"}]},
        "loans": None,
    }
    products = ["CREDIT_CARDS", "INVESTMENTS_TRANSACTIONS", "LOANS"]
    connection = BankConnection(
        status="UPDATED", execution_status="PARTIAL_SUCCESS", products=products, status_detail=detail
    )

    cards, investments, loans = product_freshness(connection)

    assert (cards.is_updated, cards.last_updated_at) == (True, datetime(2026, 3, 4, 11, tzinfo=UTC))
    assert (investments.is_updated, investments.warnings[0].code) == (False, "423")
    assert (loans.is_updated, loans.last_updated_at) == (False, None)


def test_a_consent_without_a_date_is_shown_without_one() -> None:
    """No countdown is ever invented."""
    shown = consent_summary(BankConnection(status="UPDATED", is_open_finance=True, consent_granted_at=BEFORE), NOW)

    assert (shown.is_valid, shown.reason, shown.expires_at) == (True, "active", None)


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (schemas.ConnectionRow, examples.ROW),
        (schemas.ConnectionRead, examples.CONNECTION),
        (schemas.ConnectTokenRead, examples.TOKEN),
        (schemas.RepairRead, examples.REPAIR),
        (schemas.DeletionRead, examples.DELETION),
    ],
)
def test_the_documented_examples_are_whole(model: type[BaseModel], example: dict[str, Any]) -> None:
    assert set(model.model_validate(example).model_dump()) == set(example)


def test_what_a_person_types_is_not_shown_by_a_request() -> None:
    """R63"""
    credentials = schemas.CredentialsRequest.model_validate({"parameters": {"password": "hunter2"}})
    answer = schemas.MfaRequest.model_validate({"value": "737373"})

    assert "hunter2" not in repr(credentials)
    assert "737373" not in repr(answer)
