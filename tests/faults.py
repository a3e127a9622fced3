"""`make faults`: the fault matrix, one line a case, then `N passed, N failed`; at most 25 minutes on 2 cores.

A case is a name and the test that plays it: what goes wrong, and that afterwards the ledger is the bank's to the
centavo with nothing doubled, revived, stuck or lost (R78). Some run in `make test` as well; those marked `faults`
take too long for it. The last one is the state machine, on seeds drawn at run time and printed.
"""

import os
import sys
from typing import Final, NamedTuple

import pytest

_FAULTS: Final = "tests/sync/test_faults.py::"
_HEALED: Final = _FAULTS + "test_a_passing_fault_is_healed_within_the_run"
_LASTING: Final = _FAULTS + "test_a_lasting_fault_leaves_the_run_to_go_on_by_itself"
_NEXT: Final = _FAULTS + "test_what_one_run_could_not_read_the_next_one_does"
_MIDDLE: Final = "tests/sync/test_mid_sync.py::"
_LEDGER: Final = "tests/sync/test_ledger_changes.py::"
_PROCESS: Final = "tests/worker/test_process.py::"
_OUTAGES: Final = "tests/worker/test_outages.py::"
_KILLED: Final = _OUTAGES + "test_a_worker_killed_while_it_reads"
_GONE: Final = _OUTAGES + "test_a_server_that_goes_away_in_mid_sync"
_SKEWED: Final = _OUTAGES + "test_a_worker_whose_clock_is_off"
_DELIVERIES: Final = "tests/webhook_endpoints/test_deliveries.py::"

SIZES: Final = {"STATE_MACHINE_SECONDS": "480", "STORM_EVENTS": "5000", "CROWD_STREAMS": "1000"}
"""How much the largest cases take on, unless the environment says otherwise."""


class Case(NamedTuple):
    """One fault, and the test that plays it."""

    name: str
    test: str


CASES: Final = (
    Case("one malformed record", f"{_NEXT}[a malformed record]"),
    Case("one failing account", _FAULTS + "test_one_failing_account_stops_no_other"),
    Case("every account refused", f"{_NEXT}[accounts refused]"),
    Case("a page twice", f"{_HEALED}[a page twice]"),
    Case("a repeated cursor", _FAULTS + "test_a_repeated_cursor_is_followed_no_further"),
    Case("a cursor that turns invalid", f"{_HEALED}[a cursor that turns invalid]"),
    Case("moving pages", f"{_HEALED}[moving pages]"),
    Case("truncated JSON", f"{_LASTING}[truncated JSON]"),
    Case("malformed JSON", f"{_LASTING}[malformed JSON]"),
    Case("an answer that is no JSON", f"{_LASTING}[another content type]"),
    Case("a connection cut in mid-answer", f"{_LASTING}[a cut connection]"),
    Case("500 from Pluggy", f"{_HEALED}[an error of Pluggy's own]"),
    Case("502 from Pluggy", f"{_HEALED}[a server error]"),
    Case("503 from Pluggy, on the accounts", f"{_HEALED}[a server error on the account list]"),
    Case("Pluggy down", f"{_LASTING}[Pluggy down at the start]"),
    Case("Pluggy hangs", _FAULTS + "test_an_answer_that_never_comes_is_waited_for_no_longer_than_its_bound"),
    Case("a slow drip", f"{_HEALED}[a slow drip]"),
    Case("429 in the middle", _MIDDLE + "test_a_rate_limit_in_the_middle_puts_the_run_off_and_counts_no_attempt"),
    Case("key expired in the middle", _MIDDLE + "test_a_key_that_expires_while_pages_are_read_is_renewed"),
    Case("key refused for good", _FAULTS + "test_a_run_that_pluggy_never_answers_ends_and_says_so"),
    Case(
        "item deleted in the middle",
        _MIDDLE + "test_an_item_deleted_while_it_is_read_loses_no_row_and_goes_on_under_a_new_one",
    ),
    Case(
        "consent revoked in the middle",
        _MIDDLE + "test_a_consent_revoked_while_rows_vanish_wipes_nothing_until_the_person_connects_anew",
    ),
    Case("consent revoked before", _FAULTS + "test_a_consent_revoked_in_the_middle_wipes_nothing"),
    Case("a third of an account vanishes", _LEDGER + "test_much_that_vanishes_at_once_is_flagged_and_kept"),
    Case("an account lists nothing", _LEDGER + "test_an_account_that_lists_no_row_any_more_keeps_all_of_its_rows"),
    Case(
        "a new item takes the account over in mid-run",
        _LEDGER + "test_a_run_under_way_when_its_account_moves_to_a_new_item_writes_no_more",
    ),
    Case("two workers on one connection", _MIDDLE + "test_two_workers_on_one_connection_carry_each_run_out_once"),
    Case(
        "a worker sleeps through its lease",
        _MIDDLE + "test_a_worker_that_slept_through_its_lease_writes_nothing_when_it_wakes",
    ),
    Case(
        "worker killed between any two commits",
        _MIDDLE + "test_a_worker_killed_between_two_commits_leaves_nothing_undone_or_done_twice[any two]",
    ),
    Case("kill -9 while the item is read", f"{_KILLED}[the item]"),
    Case("kill -9 while the consent is read", f"{_KILLED}[the consent]"),
    Case("kill -9 while the accounts are read", f"{_KILLED}[the accounts]"),
    Case("kill -9 while transactions are read", f"{_KILLED}[the transactions]"),
    Case("kill -9 while bills are read", f"{_KILLED}[the bills]"),
    Case("kill -9 while investments are read", f"{_KILLED}[the investments]"),
    Case("kill -9 while loans are read", f"{_KILLED}[the loans]"),
    Case(
        "a killed worker's run, taken over within a minute",
        _OUTAGES + "test_what_a_killed_worker_held_is_another_ones_within_a_minute",
    ),
    Case(
        "SIGTERM in mid-sync",
        _PROCESS + "test_a_worker_asked_to_stop_in_mid_sync_ends_soon_and_loses_no_attempt",
    ),
    Case("no Redis at all", _PROCESS + "test_a_run_is_carried_out_without_redis"),
    Case("Redis flushed in mid-sync", f"{_GONE}[Redis flushed]"),
    Case("Redis stopped in mid-sync", f"{_GONE}[Redis stopped]"),
    Case("PostgreSQL restarted in mid-sync", f"{_GONE}[PostgreSQL restarted]"),
    Case("worker's clock an hour ahead", f"{_SKEWED}[an hour ahead]"),
    Case("worker's clock an hour behind", f"{_SKEWED}[an hour behind]"),
    Case(
        "a storm of webhooks, duplicated and shuffled",
        _MIDDLE + "test_a_storm_of_duplicated_and_shuffled_webhooks_changes_nothing_but_what_happened",
    ),
    Case(
        "thousands of deliveries, through a kill and a restart",
        "tests/webhooks/test_storm.py::test_no_acknowledged_event_is_lost_and_each_has_one_effect",
    ),
    Case(
        "a thousand streams at once",
        "tests/events/test_crowd.py::test_a_thousand_idle_streams_are_held_by_one_process_and_hear_at_once",
    ),
    Case(
        "an integrator that is killed and repeats itself",
        "tests/events/test_integrator.py::"
        "test_an_integrator_that_is_killed_and_repeats_itself_ends_with_our_exact_ledger",
    ),
    Case("an endpoint that hangs", _DELIVERIES + "test_an_endpoint_that_hangs_does_not_slow_another"),
    Case("a delivery cut off in mid-attempt", _DELIVERIES + "test_a_delivery_cut_off_in_mid_attempt_is_made_again"),
    Case(
        "requests that nobody thought of",
        "tests/test_api_schema.py::test_the_description_holds_for_a_hundred_requests_an_operation",
    ),
    Case(
        "all of it, by the state machine",
        "tests/sync/test_state_machine.py::test_whatever_happens_a_settled_ledger_is_the_banks",
    ),
)


class OneLineEach:
    """Prints each case as it ends, with what its test recorded, and the count at the end."""

    def __init__(self) -> None:
        self._names = {case.test: case.name for case in CASES}
        self._passed = self._failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A case has failed when any of its phases did, and passed when its call did."""
        name = self._names.get(report.nodeid, report.nodeid)
        recorded = "".join(f", {key} {value}" for key, value in report.user_properties)
        if report.failed:
            self._failed += 1
            print(f"FAILED  {name}{recorded}\n{report.longreprtext}", flush=True)
        elif report.when == "call" and report.passed:
            self._passed += 1
            print(f"ok      {name}  ({report.duration:.1f} s{recorded})", flush=True)

    def pytest_sessionfinish(self) -> None:
        """The line that counts."""
        print(f"{self._passed} passed, {self._failed} failed", flush=True)


def main() -> int:
    """Run the matrix; the exit status is pytest's."""
    for name, value in SIZES.items():
        os.environ.setdefault(name, value)
    options = ["-o", "addopts=--import-mode=importlib", "-p", "no:terminal", "-p", "no:cacheprovider"]
    options += ["-n", "2", "--dist", "worksteal"]  # the machine is begun first, and its neighbours are then shared out
    return int(pytest.main([*(case.test for case in CASES), *options], plugins=[OneLineEach()]))


if __name__ == "__main__":
    sys.exit(main())
