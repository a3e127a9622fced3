"""When a delivery is tried again (R45)."""

from datetime import UTC, datetime, timedelta

import pytest

from app.webhook_endpoints.schedule import ATTEMPTS, delay_after, parse_retry_after

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
PLANNED = [5, 300, 1800, 7200, 18000, 36000, 36000]


@pytest.mark.parametrize(("attempts", "seconds"), list(enumerate(PLANNED, start=1)))
def test_attempts_are_spaced_as_promised_within_a_fifth(attempts: int, seconds: int) -> None:
    waits = [delay_after(attempts) for _ in range(200)]

    told = [wait.total_seconds() for wait in waits if wait is not None]
    assert len(told) == 200
    assert seconds * 0.8 <= min(told) < max(told) <= seconds * 1.2


def test_the_eighth_failure_is_the_last() -> None:
    assert ATTEMPTS == 8
    assert delay_after(8) is None


def test_a_receiver_may_ask_for_more_time_than_planned_but_not_for_less() -> None:
    assert delay_after(1, retry_after=timedelta(minutes=20)) == timedelta(minutes=20)
    assert (delay_after(2, retry_after=timedelta(seconds=1)) or timedelta(0)) >= timedelta(seconds=240)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("999999999999999999999999", timedelta(hours=1)),
        ("Wed, 04 Mar 2026 15:10:00 GMT", timedelta(minutes=10)),
        ("Wed, 04 Mar 2026 14:00:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(hours=1)),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
        ("soon", None),
        ("Wed, 99 Mar 2026 15:10:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_both_forms_of_retry_after_are_understood_and_absurd_ones_bounded(
    header: str | None, wait: timedelta | None
) -> None:
    assert parse_retry_after(header, now=NOW) == wait
