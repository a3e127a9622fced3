"""`make faults`: the fault matrix, one line a case, then `N passed, N failed`.

The cases are tests like any other: faults of Pluggy in mid-sync, workers killed and asked to stop, Redis gone, rows
restated, removed and brought back, deliveries that fail, and last the state machine with more examples than
`make test` takes. Seeds are drawn at run time; the state machine prints what reproduces a failure.
"""

import os
import sys
from pathlib import Path

import pytest

CASES = (
    "tests/sync/test_faults.py",
    "tests/sync/test_ledger_changes.py",
    "tests/worker",
    "tests/webhooks",
    "tests/webhook_endpoints",
    "tests/events/test_crowd.py",
    "tests/events/test_integrator.py",
    "tests/sync/test_state_machine.py",
)
EXAMPLES = "100"
STORM_EVENTS = "5000"
CROWD_STREAMS = "1000"


class OneLineEach:
    """Prints each case as it ends, and the count at the end."""

    def __init__(self) -> None:
        self._passed = self._failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A case has failed when any of its phases did, and passed when its call did."""
        if report.failed:
            self._failed += 1
            print(f"FAILED  {report.nodeid}\n{report.longreprtext}", flush=True)
        elif report.when == "call" and report.passed:
            self._passed += 1
            figures = "".join(f"  {name}={value}" for name, value in report.user_properties)
            print(f"ok      {report.nodeid}  {report.duration:.1f} s{figures}", flush=True)

    def pytest_sessionfinish(self) -> None:
        """The line that counts."""
        print(f"{self._passed} passed, {self._failed} failed", flush=True)


def main() -> int:
    """Run the matrix; the exit status is pytest's."""
    os.environ.setdefault("STATE_MACHINE_EXAMPLES", EXAMPLES)
    os.environ.setdefault("STORM_EVENTS", STORM_EVENTS)
    os.environ.setdefault("CROWD_STREAMS", CROWD_STREAMS)
    chosen = [case for case in CASES if Path(case).exists()]
    options = ["-o", "addopts=--import-mode=importlib", "-p", "no:terminal", "-p", "no:cacheprovider"]
    return int(pytest.main([*chosen, *options], plugins=[OneLineEach()]))


if __name__ == "__main__":
    sys.exit(main())
