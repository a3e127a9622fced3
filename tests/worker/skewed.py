"""`python -m tests.worker.skewed SECONDS`: the worker, on a machine whose clock is off by so much."""

import datetime as dt
import sys
import time

import app.clock


def main() -> None:
    """Run the worker; whatever asks this process for the time gets a wrong answer."""
    off, true_time, true_now = float(sys.argv[1]), time.time, app.clock.utc_now

    def wrong_now() -> dt.datetime:
        return true_now() + dt.timedelta(seconds=off)

    time.time = lambda: true_time() + off
    app.clock.utc_now = wrong_now
    from worker.__main__ import main as work  # everything else takes its clock from there, when it is imported

    work()


if __name__ == "__main__":
    main()
