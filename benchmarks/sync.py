"""The sync engine's figures."""

from benchmarks import first_sync, growth, write_path
from benchmarks.lab import Lab


async def run(lab: Lab) -> dict[str, float]:
    """Return all of them."""
    return {
        **await write_path.run(lab),
        **await first_sync.repeat_unchanged(lab),
        **await first_sync.compare_with_sequential(lab),
        **await first_sync.measure_memory(lab),
        **await growth.measure_rows(lab),
        **await growth.measure_connections(lab),
    }
