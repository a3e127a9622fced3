"""`python -m benchmarks`: one JSON object of figures on stdout, progress on stderr; `ONLY=part` runs one part."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from benchmarks import mapping, reads, stand_in, sync, webhooks
from benchmarks.lab import Lab, running_lab, say

Part = Callable[[Lab], Coroutine[Any, Any, dict[str, float]]]
PARTS: dict[str, Part] = {
    "sync": sync.run,
    "client": mapping.run,
    "webhooks": webhooks.run,
    "reads": reads.run,
    "stand_in": stand_in.run,
}


def main() -> int:
    """Return the exit code."""
    only = os.environ.get("ONLY")
    if only and only not in PARTS:
        say(f"There is no part {only}; ONLY takes one of: {', '.join(PARTS)}.")
        return 2
    figures: dict[str, float] = {}
    with running_lab() as lab:
        for name in [only] if only else PARTS:
            say(f"{name}:")
            figures |= uvloop.run(_run(PARTS[name], lab))  # the loop of the API and the worker
    print(json.dumps(figures, indent=2))
    return 0


async def _run(part: Part, lab: Lab) -> dict[str, float]:
    """Run a part; a plain kill ends it in order, so that nothing is left behind."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await part(lab)


if __name__ == "__main__":
    sys.exit(main())
