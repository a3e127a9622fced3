"""Whether a consent holds, what changed, and when to ask for its renewal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.consents.mapping import Version
from app.consents.validity import change, notice_due, state_of

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
HELD = Version(UUID(int=1), ("ACCOUNTS",), ("ACCOUNTS_LIST",), NOW - timedelta(days=300), None, None)
LATER = NOW + timedelta(days=60)


def reason(*versions: Version, is_open_finance: bool = True, is_deleted: bool = False) -> str:
    return state_of(versions, is_open_finance=is_open_finance, is_deleted=is_deleted, now=NOW).reason


def test_a_consent_without_a_date_has_no_end() -> None:
    """Mission: a consent's validity is checked."""
    assert reason(HELD) == "active"


@pytest.mark.parametrize(("seconds", "expected"), [(-1, "expired"), (0, "expired"), (1, "active")])
def test_a_consent_with_a_date_holds_until_that_instant(seconds: int, expected: str) -> None:
    assert reason(replace(HELD, expires_at=NOW + timedelta(seconds=seconds))) == expected


def test_a_withdrawn_consent_does_not_hold_whatever_its_date() -> None:
    assert reason(replace(HELD, revoked_at=NOW, expires_at=LATER)) == "revoked"


def test_a_consent_in_force_counts_before_a_newer_withdrawn_one() -> None:
    withdrawn = replace(HELD, pluggy_id=UUID(int=2), granted_at=NOW, revoked_at=NOW)

    assert reason(withdrawn, HELD) == "active"


def test_of_two_in_force_the_newest_is_the_current_one() -> None:
    newer = replace(HELD, pluggy_id=UUID(int=2), granted_at=NOW)

    state = state_of([newer, HELD], is_open_finance=True, is_deleted=False, now=NOW)

    assert state.current == newer


def test_open_finance_without_a_consent_is_not_granted_yet_and_still_may_be_read() -> None:
    """R34: absence proves nothing, so it forbids nothing."""
    state = state_of([], is_open_finance=True, is_deleted=False, now=NOW)

    assert (state.reason, state.is_valid, state.forbids_reading) == ("not_granted", False, False)


def test_a_login_outside_open_finance_needs_no_consent() -> None:
    assert reason(is_open_finance=False) == "active"


def test_a_deleted_item_has_no_valid_consent() -> None:
    assert reason(HELD, is_deleted=True) == "item_deleted"


@pytest.mark.parametrize(("field", "value"), [("revoked_at", NOW), ("expires_at", NOW - timedelta(days=1))])
def test_a_consent_that_has_ended_forbids_reading(field: str, value: datetime) -> None:
    """R34"""
    state = state_of([replace(HELD, **{field: value})], is_open_finance=True, is_deleted=False, now=NOW)  # type: ignore[arg-type] # by name

    assert state.forbids_reading


@pytest.mark.parametrize(
    ("last", "new", "event"),
    [
        (None, HELD, "granted"),
        (HELD, HELD, None),
        (HELD, replace(HELD, revoked_at=NOW), "revoked"),
        (None, replace(HELD, revoked_at=NOW), "revoked"),
        (replace(HELD, revoked_at=NOW), HELD, "renewed"),
        (replace(HELD, expires_at=NOW), replace(HELD, expires_at=LATER), "renewed"),
        (replace(HELD, expires_at=NOW), HELD, "renewed"),
        (HELD, replace(HELD, expires_at=LATER), "changed"),
        (replace(HELD, expires_at=LATER), replace(HELD, expires_at=NOW), "changed"),
        (HELD, replace(HELD, permissions=()), "changed"),
        (HELD, replace(HELD, products=("ACCOUNTS", "LOANS")), "changed"),
        (replace(HELD, revoked_at=NOW), replace(HELD, revoked_at=LATER), "changed"),
    ],
)
def test_what_happened_between_two_versions(last: Version | None, new: Version, event: str | None) -> None:
    assert change(last, new) == event


@pytest.mark.parametrize(
    ("days", "prompt"),
    [(31, None), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (1.5, 7), (1, 1), (0.5, 1), (0, None), (-1, None)],
)
def test_a_renewal_is_asked_for_at_thirty_fourteen_seven_and_one_days(days: float, prompt: int | None) -> None:
    assert notice_due(NOW + timedelta(days=days), NOW) == prompt


def test_without_a_date_no_renewal_is_ever_asked_for() -> None:
    assert notice_due(None, NOW) is None
