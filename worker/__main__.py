"""`python -m worker`."""

import asyncio
import sys

import uvloop

from app.settings import SettingsError, load_settings
from worker.main import run


def main() -> None:
    """Run the worker; a faulty configuration ends it with every problem named."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(str(error))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings))


if __name__ == "__main__":
    main()
