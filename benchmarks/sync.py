"""The sync engine's figures."""

from benchmarks import write_path
from benchmarks.lab import Lab


async def run(lab: Lab) -> dict[str, float]:
    """Return all of them."""
    return {**await write_path.run(lab)}
